INSERT INTO members_member
    (id, workspace_id, name, bot, ours, message_count, reaction_count, first_seen_at, last_seen_at)
SELECT i.member_id, %(workspace)s, min(i.name), bool_or(i.bot), bool_or(b.ours), sum(i.message_count), 0,
       min(i.first_seen_at), max(i.last_seen_at)
FROM members_identity i JOIN bench_identity b ON b.id = i.id GROUP BY i.member_id ORDER BY i.member_id
