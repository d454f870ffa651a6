from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "folkmoot.settings")

pages = get_asgi_application()

from folkmoot.web.hooks.door import Door  # noqa: E402 - models need Django set up first

application = Door(pages)
