"""Field hardware: what hangs on a bus or stands alone. Takes port objects, never a host."""
