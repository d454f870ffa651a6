from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("conversations", "0002_periods")]

    operations = [
        migrations.RemoveIndex("message", "message_of_author"),
        migrations.AddIndex(
            "message",
            models.Index(fields=["author", "-at", "-id"], include=["conversation", "channel"], name="message_of_author"),
        ),
    ]
