"""How Folkmoot logs: readable lines on a console, or one JSON object a line."""

from __future__ import annotations

import sys
from typing import Any

import structlog

from folkmoot.lib.env import BadSetting

QUIET = (
    "asyncio",
    "httpcore",
    "httpx",
    "procrastinate.blueprints",
    "procrastinate.connector",
    "psycopg",
    "procrastinate.jobs",
    "procrastinate.periodic",
    "procrastinate.worker",
    "uvicorn",
)


def django_logging(style: str, *, debug: bool) -> dict[str, Any]:
    """Django's ``LOGGING`` for ``style`` 'console' or 'json'; sets structlog up to go the same way."""
    if style not in {"console", "json"}:
        raise BadSetting(f"FOLKMOOT_LOG is {style!r}; it takes console or json")
    shared = _shared()
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "folkmoot": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": shared,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_last(style)],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "folkmoot"}},
        "root": {"handlers": ["stderr"], "level": "DEBUG" if debug else "INFO"},
        "loggers": {
            # Django's own handlers would write each line twice
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            "django.server": {"handlers": [], "level": "INFO", "propagate": True},
            **{name: {"level": "WARNING"} for name in QUIET},
        },
    }


def name_process(name: str) -> None:
    """Every later line of this process says which it is, such as 'web 1'."""
    structlog.contextvars.bind_contextvars(process=name)


def _shared() -> list[Any]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]


def _last(style: str) -> list[Any]:
    if style == "json":
        return [structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer(ensure_ascii=False)]
    return [
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=0
        )
    ]
