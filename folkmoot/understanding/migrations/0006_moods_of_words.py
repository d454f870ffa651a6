from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("understanding", "0005_harmful")]

    operations = [
        migrations.AddField(
            model_name="reindexing",
            name="moods",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
