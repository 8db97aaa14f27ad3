"""From orders back to sowing dates, bookings of levels and tasks, under what a farm can hold."""
