"""WordPress on MariaDB and PHP's own web server, all of Debian; anybody may comment, strangers are held for approval."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers.base import Running, answers, debian, free_port, process, run, until

ZONE = "Europe/Tallinn"  # not UTC, so that times are told right or visibly wrong
USERS = {"keeper": "administrator", "olena": "editor", "bo": "author", "zoe": "subscriber"}

_CONFIG = """<?php
define('DB_NAME', 'wp'); define('DB_USER', 'root'); define('DB_PASSWORD', ''); define('DB_HOST', 'localhost:@SOCKET@');
define('DB_CHARSET', 'utf8mb4'); define('DB_COLLATE', '');
foreach (['AUTH_KEY', 'SECURE_AUTH_KEY', 'LOGGED_IN_KEY', 'NONCE_KEY', 'AUTH_SALT', 'SECURE_AUTH_SALT',
          'LOGGED_IN_SALT', 'NONCE_SALT'] as $name) define($name, 'only for tests ' . $name);
$table_prefix = 'wp_';
define('WP_ENVIRONMENT_TYPE', 'local');  // else application passwords want TLS
define('WP_HTTP_BLOCK_EXTERNAL', true); define('DISABLE_WP_CRON', true); define('AUTOMATIC_UPDATER_DISABLED', true);
define('WP_HOME', '@ADDRESS@'); define('WP_SITEURL', '@ADDRESS@'); define('WP_DEFAULT_THEME', 'blank');
if (!defined('ABSPATH')) define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
"""
_PLUGIN = """<?php
add_filter('comment_flood_filter', '__return_false', 99);
add_filter('rest_allow_anonymous_comments', '__return_true');
"""
_INSTALL = """<?php
define('WP_INSTALLING', true); $_SERVER['HTTP_HOST'] = 'localhost';
require __DIR__ . '/wp-load.php'; require ABSPATH . 'wp-admin/includes/upgrade.php';
wp_install('Garden notes', 'keeper', 'keeper@example.test', true, '', 'kettle-and-lantern');
foreach (['permalink_structure' => '/%postname%/', 'template' => 'blank', 'stylesheet' => 'blank',
          'timezone_string' => '@ZONE@', 'comment_moderation' => 1] as $name => $value) update_option($name, $value);
$made = [];
foreach (json_decode('@USERS@', true) as $name => $role) {
    $id = username_exists($name) ?: wp_insert_user(
        ['user_login' => $name, 'user_pass' => 'kettle-and-lantern', 'user_email' => "$name@example.test",
         'display_name' => ucfirst($name), 'role' => $role]);
    [$made[$name]] = WP_Application_Passwords::create_new_application_password($id, ['name' => 'tests']);
}
echo "\\n" . json_encode($made);
"""


def install(folder: Path) -> None:
    debian(
        "wordpress", "mariadb-server", "php8.2-cli", "php8.2-mysql", "php8.2-gd", "php8.2-curl", "php8.2-xml",
        "php8.2-mbstring",
    )  # fmt: skip
    shutil.rmtree(folder / "www", ignore_errors=True)
    shutil.copytree(
        "/usr/share/wordpress", folder / "www", ignore=shutil.ignore_patterns("wp-content", "wp-config.php")
    )
    theme = folder / "www" / "wp-content" / "themes" / "blank"
    theme.mkdir(parents=True)
    (theme / "style.css").write_text("/*\nTheme Name: blank\n*/\n")
    (theme / "index.php").write_text("<?php while (have_posts()) { the_post(); the_title(); the_content(); }\n")
    plugins = folder / "www" / "wp-content" / "mu-plugins"
    plugins.mkdir()
    (plugins / "tests.php").write_text(_PLUGIN)


@contextmanager
def start(folder: Path, work: Path) -> Iterator[Running]:
    """``details``: an application password for each of ``USERS``."""
    www = work / "www"
    shutil.copytree(folder / "www", www)
    address, log = f"http://127.0.0.1:{free_port()}", work / "php.log"
    with _database(work) as socket:
        (www / "wp-config.php").write_text(_CONFIG.replace("@SOCKET@", socket).replace("@ADDRESS@", address))
        setting_up = www / "set-up.php"
        setting_up.write_text(_INSTALL.replace("@ZONE@", ZONE).replace("@USERS@", json.dumps(USERS)))
        passwords = json.loads(run(["php", str(setting_up)]).rpartition("\n")[2])
        several = os.environ | {"PHP_CLI_SERVER_WORKERS": "4"}
        serve = ["php", "-S", address.removeprefix("http://"), "-t", str(www)]
        with process(serve, log=log, env=several):
            until(answers(f"{address}/?rest_route=/", below=300), log=log)
            yield Running(address, passwords)


@contextmanager
def _database(work: Path) -> Iterator[str]:
    """MariaDB with an empty database ``wp`` for root; the path of its socket."""
    data = work / "db"
    data.mkdir()
    shutil.chown(data, "mysql")
    quick = "--auth-root-authentication-method=normal"
    run(["mariadb-install-db", "--user=mysql", f"--datadir={data}", quick, "--skip-test-db"])
    socket, log = data / "socket", work / "mariadb.log"
    command = ["mariadbd", "--no-defaults", "--user=mysql", f"--datadir={data}", f"--socket={socket}"]
    command += ["--skip-networking", f"--pid-file={data / 'pid'}", "--innodb-flush-log-at-trx-commit=0"]
    client = ["mariadb", "--no-defaults", f"--socket={socket}", "-uroot", "-e"]

    def made() -> bool:
        return not subprocess.run([*client, "create database if not exists wp"], capture_output=True).returncode

    with process(command, log=log):
        until(made, log=log)
        yield str(socket)
