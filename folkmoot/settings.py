"""Django's settings. Everything a person may change comes from the environment: docs/reference/settings.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from folkmoot.lib import env, home, log, postgres
from folkmoot.lib.addresses import Allowed
from folkmoot.lib.database import django_database
from folkmoot.lib.secrets import Keys

PACKAGE = Path(__file__).resolve().parent
HOME = home.data_folder()

DEBUG = env.boolean("FOLKMOOT_DEBUG", False)
SECRET_KEY = home.secret_key(HOME)
PUBLIC_URL = env.address("FOLKMOOT_URL")
ALLOWED_HOSTS = env.words("FOLKMOOT_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS: list[str] = []
if PUBLIC_URL:
    public = urlsplit(PUBLIC_URL)
    ALLOWED_HOSTS.append(f"[{public.hostname}]" if ":" in str(public.hostname) else str(public.hostname))
    CSRF_TRUSTED_ORIGINS.append(f"{public.scheme}://{public.netloc}")
HTTPS = PUBLIC_URL.startswith("https://")

# Database

DATABASE_POOL = env.integer("FOLKMOOT_DATABASE_POOL", 0)
DATABASES = {"default": django_database(env.text("DATABASE_URL") or postgres.url(HOME), pool=DATABASE_POOL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# What is installed

INSTALLED_APPS = [
    "folkmoot.web",
    "folkmoot.flow",
    "folkmoot.analytics",
    "folkmoot.inbox",
    "folkmoot.understanding",
    "folkmoot.conversations",
    "folkmoot.members",
    "folkmoot.channels",
    "folkmoot.workspaces",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "procrastinate.contrib.django",
    "template_partials",
    "django_htmx",
]

MIDDLEWARE = [
    "folkmoot.web.turns.TurnMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "folkmoot.web.request.PersonMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "folkmoot.urls"
ASGI_APPLICATION = "folkmoot.asgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "folkmoot.web.menu.shell",
            ],
        },
    },
]

# Jobs: any module named jobs.py in an app is read for tasks

PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"

# Accounts

AUTH_USER_MODEL = "workspaces.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "folkmoot.web.accounts.adapter.AccountAdapter"
SOCIALACCOUNT_ADAPTER = "folkmoot.web.accounts.adapter.SocialAccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # an account comes by invitation to that very address
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = True
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Folkmoot"
MFA_TOTP_TOLERANCE = 1  # the code before and after: clocks of phones go wrong by some seconds
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS  # localhost has no certificate
SOCIALACCOUNT_PROVIDERS: dict[str, Any] = {}
if OIDC_SERVER := env.text("FOLKMOOT_OIDC_SERVER"):
    SOCIALACCOUNT_PROVIDERS["openid_connect"] = {
        "APPS": [
            {
                "provider_id": "oidc",
                "name": env.text("FOLKMOOT_OIDC_NAME", "OpenID Connect"),
                "client_id": env.text("FOLKMOOT_OIDC_CLIENT"),
                "secret": env.text("FOLKMOOT_OIDC_SECRET"),
                "settings": {"server_url": OIDC_SERVER},
            }
        ]
    }

# Cookies and headers

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 14 * 24 * 3600
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
if env.boolean("FOLKMOOT_BEHIND_PROXY", False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# Languages and time

LANGUAGES = [
    ("en", _("English")),
    ("ru", _("Russian")),
    ("uk", _("Ukrainian")),
    ("pl", _("Polish")),
    ("et", _("Estonian")),
]
LANGUAGE_CODE = env.choice("FOLKMOOT_LANGUAGE", "en", dict(LANGUAGES))
LOCALE_PATHS = [PACKAGE / "web" / "locale"]
FORMAT_MODULE_PATH = ["folkmoot.web.formats"]
USE_TZ = True
TIME_ZONE = "UTC"

# Files

STATIC_URL = "/static/"
STATIC_ROOT = HOME / "static"
STATICFILES_DIRS = [PACKAGE / "web" / "static"]
SERVESTATIC_USE_FINDERS = True
SERVESTATIC_AUTOREFRESH = False
MEDIA_ROOT = HOME / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024**2
FILE_UPLOAD_TEMP_DIR = HOME / "tmp"
IMPORT_FOLDER = Path(env.text("FOLKMOOT_IMPORT_FOLDER", str(HOME / "imports")))
UPLOAD_LIMIT_MB = env.integer("FOLKMOOT_UPLOAD_LIMIT_MB", 4096)

# Mail out; without a host, mails are shown in the log

EMAIL_HOST = env.text("FOLKMOOT_SMTP_HOST")
EMAIL_PORT = env.integer("FOLKMOOT_SMTP_PORT", 587)
EMAIL_HOST_USER = env.text("FOLKMOOT_SMTP_USER")
EMAIL_HOST_PASSWORD = env.text("FOLKMOOT_SMTP_PASSWORD")
EMAIL_USE_SSL = env.boolean("FOLKMOOT_SMTP_SSL", False)
EMAIL_USE_TLS = env.boolean("FOLKMOOT_SMTP_TLS", not EMAIL_USE_SSL)
if EMAIL_USE_SSL and EMAIL_USE_TLS:
    raise env.BadSetting("FOLKMOOT_SMTP_SSL and FOLKMOOT_SMTP_TLS are both yes; a connection begins in one way only")
DEFAULT_FROM_EMAIL = env.text("FOLKMOOT_MAIL_FROM", "Folkmoot <folkmoot@localhost>")
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'console'}.EmailBackend"

# Secrets at rest, and the way out to the web

try:
    SECRETS = Keys(HOME / "keys" / "encryption", env.words("FOLKMOOT_ENCRYPTION_KEYS"))
except ValueError as error:
    raise env.BadSetting("FOLKMOOT_ENCRYPTION_KEYS takes keys of 32 bytes in URL-safe base64, 44 characters") from error
try:
    PRIVATE_ADDRESSES = Allowed.read(env.words("FOLKMOOT_PRIVATE_ADDRESSES"))
except ValueError as error:
    raise env.BadSetting(f"FOLKMOOT_PRIVATE_ADDRESSES takes addresses such as 127.0.0.1:11434: {error}") from error

# Logs

LOGGING = log.django_logging(env.text("FOLKMOOT_LOG", "console"), debug=DEBUG)
