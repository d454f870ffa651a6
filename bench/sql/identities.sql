INSERT INTO members_identity
    (id, workspace_id, member_id, network, remote_id, name, handle, avatar, bot, message_count, reaction_count,
     first_seen_at, last_seen_at)
SELECT i.id, %(workspace)s, i.member_id, i.network, 'p' || i.id,
       (ARRAY['Anna', 'Olena', 'Kinga', 'Maarja', 'Grace', 'Dmitri', 'Taras', 'Bartek', 'Rasmus', 'Owen'])[1 + i.member_id %% 10]
       || ' ' || initcap(substr(md5(i.member_id::text), 1, 7)), 'u' || i.member_id, '', i.bot,
       coalesce(said.n, 0), 0, said.first, said.last
FROM bench_identity i
LEFT JOIN (SELECT author_id, count(*) AS n, min(at) AS first, max(at) AS last FROM conversations_message GROUP BY 1) said
    ON said.author_id = i.id
ORDER BY i.id
