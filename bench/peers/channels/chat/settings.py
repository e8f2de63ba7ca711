"""A chat as the tutorial of Django Channels writes it. What differs by run is in the environment."""

import os

SECRET_KEY = "only-for-a-benchmark"
INSTALLED_APPS = ["daphne", "django.contrib.contenttypes", "chat"]
ASGI_APPLICATION = "chat.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ["CHAT_DATABASE"],
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": "PRAGMA journal_mode=WAL;"},
    }
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {"hosts": [os.environ["CHAT_REDIS"]], "capacity": 1000},
    }
}
USE_TZ = True
