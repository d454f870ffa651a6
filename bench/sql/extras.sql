INSERT INTO conversations_attachment (message_id, kind, name, url, mime, size)
SELECT id, 'image', id || '.jpg', 'https://example.org/photos/' || id || '.jpg', 'image/jpeg', 120000
FROM conversations_message WHERE hashint8extended(id, 8) & 1023 < 30;
INSERT INTO conversations_revision (message_id, text, html, replaced_at)
SELECT id, left(text, 20), '', at + interval '3 minutes'
FROM conversations_message WHERE hashint8extended(id, 9) & 1023 < 3
