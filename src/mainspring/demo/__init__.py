"""The demo: the time zones of the world, measured from the tz database that comes with the `tzdata` package.

The tz database is in the public domain (https://www.iana.org/time-zones).
"""
