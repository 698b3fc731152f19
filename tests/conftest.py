"""How all tests run."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "dedup", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)  # busy machines are slow
settings.load_profile("dedup")
