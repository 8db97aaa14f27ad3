# Home Assistant puts probatio in the place of voluptuous at run time; the type checker is told so.
from probatio import *
