from django.db import migrations


class Migration(migrations.Migration):
    """Days that follow a pause of over 30 days: few, and found without the many others. Django can't say day - before."""

    dependencies = [("analytics", "0002_ask_days")]

    operations = [
        migrations.RunSQL(
            "CREATE INDEX member_day_after_pause ON analytics_memberday (workspace_id, channel_id, day)"
            " INCLUDE (before) WHERE day - before > 30",
            "DROP INDEX member_day_after_pause",
        ),
    ]
