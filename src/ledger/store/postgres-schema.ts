import { createHash } from 'node:crypto';

/** A name for tables, functions and channels, which are bounded in length and in their characters. */
export function prefixOf(name: string): string {
  const plain = name.toLowerCase().replace(/[^a-z0-9_]/g, '_');
  if (plain === name && name.length <= 32) return `ledger_${name}`;
  return `ledger_${plain.slice(0, 20)}_${createHash('sha1').update(name).digest('hex').slice(0, 8)}`;
}

/**
 * Tables and functions of one ledger. Each function is one step: PostgreSQL runs it in a transaction of its own. The row of
 * `head` is locked by the transaction that appends, so that entries become visible in the order of their numbers, without a hole.
 */
export function schemaOf(p: string): string {
  return `
CREATE TABLE IF NOT EXISTS ${p}_head (id int PRIMARY KEY CHECK (id = 1), ms bigint NOT NULL, n bigint NOT NULL);
INSERT INTO ${p}_head VALUES (1, (extract(epoch FROM clock_timestamp()) * 1000)::bigint, (random() * 1000000)::bigint)
  ON CONFLICT DO NOTHING;
CREATE TABLE IF NOT EXISTS ${p}_log (ms bigint, n bigint, body text NOT NULL, PRIMARY KEY (ms, n));
CREATE TABLE IF NOT EXISTS ${p}_appended (node text PRIMARY KEY, last bigint NOT NULL, at timestamptz NOT NULL);
CREATE TABLE IF NOT EXISTS ${p}_sessions (
  pid text PRIMARY KEY, owner text NOT NULL, state text NOT NULL, read text NOT NULL, got text NOT NULL, dropped text,
  expires_at timestamptz NOT NULL, handovers json NOT NULL DEFAULT '[]');
CREATE TABLE IF NOT EXISTS ${p}_directs (
  pid text REFERENCES ${p}_sessions ON DELETE CASCADE, ms bigint, n bigint, d int, at text NOT NULL, body text NOT NULL,
  PRIMARY KEY (pid, ms, n, d));
CREATE TABLE IF NOT EXISTS ${p}_claims (key text PRIMARY KEY, value text NOT NULL, expires_at timestamptz NOT NULL);
CREATE TABLE IF NOT EXISTS ${p}_messages (id bigserial PRIMARY KEY, body text NOT NULL, at timestamptz NOT NULL DEFAULT now());

CREATE OR REPLACE FUNCTION ${p}_add(fresh text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE at_ms bigint; at_n bigint;
BEGIN
  SELECT ms, n INTO at_ms, at_n FROM ${p}_head FOR UPDATE;
  at_ms := greatest(at_ms, (extract(epoch FROM clock_timestamp()) * 1000)::bigint);
  INSERT INTO ${p}_log SELECT at_ms, at_n + position, body FROM unnest(fresh) WITH ORDINALITY AS t (body, position);
  at_n := at_n + cardinality(fresh);
  UPDATE ${p}_head SET ms = at_ms, n = at_n;
  PERFORM pg_notify('${p}', '');
  RETURN at_ms || '-' || at_n;
END $$;

CREATE OR REPLACE FUNCTION ${p}_append(node_name text, first bigint, bodies text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE done bigint; fresh text[];
BEGIN
  SELECT last INTO done FROM ${p}_appended WHERE node = node_name FOR UPDATE;
  fresh := bodies[greatest(coalesce(done, 0) - first + 1, 0) + 1 :];
  IF cardinality(fresh) = 0 THEN RETURN; END IF;
  INSERT INTO ${p}_appended VALUES (node_name, first + cardinality(bodies) - 1, now())
    ON CONFLICT (node) DO UPDATE SET last = excluded.last, at = excluded.at;
  PERFORM ${p}_add(fresh);
END $$;

CREATE OR REPLACE FUNCTION ${p}_save(changes json, max_directs int) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE change json; id text; given text; holder text; taken text[] := '{}'; expiry timestamptz; extra int;
BEGIN
  FOR change IN SELECT * FROM json_array_elements(changes) LOOP
    id := change->>'pid';
    given := change->>'owner';
    DELETE FROM ${p}_sessions WHERE pid = id AND expires_at <= clock_timestamp();
    SELECT owner INTO holder FROM ${p}_sessions WHERE pid = id FOR UPDATE;
    expiry := clock_timestamp() + (change->>'ttl')::bigint * interval '1 millisecond';
    IF holder <> given THEN
      taken := taken || given;
      CONTINUE;
    ELSIF (change->>'ttl') = '0' THEN
      DELETE FROM ${p}_sessions WHERE pid = id;
      CONTINUE;
    ELSIF holder IS NOT NULL THEN
      UPDATE ${p}_sessions SET expires_at = expiry, state = coalesce(change->>'state', state),
        read = coalesce(change->'mark'->>'read', read), got = coalesce(change->'mark'->>'got', got) WHERE pid = id;
    ELSIF change->>'state' IS NOT NULL THEN
      INSERT INTO ${p}_sessions VALUES (id, given, change->>'state', change->'mark'->>'read', change->'mark'->>'got', NULL, expiry);
    ELSE
      IF json_array_length(coalesce(change->'directs', '[]')) > 0 THEN taken := taken || given; END IF;
      CONTINUE;
    END IF;
    INSERT INTO ${p}_directs
      SELECT id, split_part(d->>'at', '-', 1)::bigint, split_part(d->>'at', '-', 2)::bigint,
        coalesce(nullif(split_part(d->>'at', '-', 3), ''), '0')::int, d->>'at', d->>'body'
      FROM json_array_elements(coalesce(change->'directs', '[]')) AS t (d)
      ON CONFLICT DO NOTHING;
    IF json_array_length(coalesce(change->'directs', '[]')) > 0 THEN
      SELECT count(*) - max_directs INTO extra FROM ${p}_directs WHERE pid = id;
      IF extra > 0 THEN
        WITH gone AS (
          DELETE FROM ${p}_directs WHERE pid = id AND (ms, n, d) IN (
            SELECT ms, n, d FROM ${p}_directs WHERE pid = id ORDER BY ms, n, d LIMIT extra)
          RETURNING ms, n, d, at)
        UPDATE ${p}_sessions SET dropped = (SELECT at FROM gone ORDER BY ms DESC, n DESC, d DESC LIMIT 1) WHERE pid = id;
      END IF;
    END IF;
  END LOOP;
  RETURN taken;
END $$;

CREATE OR REPLACE FUNCTION ${p}_take(new_owner text, id text, ttl bigint, body text, has text, max_handovers int)
  RETURNS json LANGUAGE plpgsql AS $$
DECLARE session ${p}_sessions; directs json; handed json; kept text;
BEGIN
  SELECT * INTO session FROM ${p}_sessions WHERE pid = id AND expires_at > clock_timestamp() FOR UPDATE;
  IF session.pid IS NULL THEN RETURN NULL; END IF;
  SELECT d.at INTO kept FROM ${p}_directs d WHERE d.pid = id ORDER BY d.ms DESC, d.n DESC, d.d DESC LIMIT 1;
  SELECT json_agg(each ORDER BY nr) INTO handed FROM (
    SELECT each, nr FROM json_array_elements(session.handovers) WITH ORDINALITY AS t (each, nr)
    UNION ALL SELECT json_build_object('owner', session.owner, 'has', has, 'kept', coalesce(kept, '')), max_handovers + 1
    ORDER BY nr DESC LIMIT max_handovers) AS last;
  UPDATE ${p}_sessions SET owner = new_owner, expires_at = clock_timestamp() + ttl * interval '1 millisecond', handovers = handed
    WHERE pid = id;
  SELECT coalesce(json_agg(json_build_object('at', d.at, 'body', d.body) ORDER BY d.ms, d.n, d.d), '[]')
    INTO directs FROM ${p}_directs d WHERE d.pid = id;
  RETURN json_build_object('state', session.state, 'mark', json_build_object('read', session.read, 'got', session.got),
    'directs', directs, 'dropped', session.dropped, 'handovers', handed, 'at', ${p}_add(ARRAY[body]));
END $$;

CREATE OR REPLACE FUNCTION ${p}_prune(max_age bigint, max_bytes bigint) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  -- One node at a time is enough.
  IF pg_try_advisory_xact_lock(hashtext('${p}_prune')) THEN
    DELETE FROM ${p}_log WHERE ms < (extract(epoch FROM clock_timestamp()) * 1000)::bigint - max_age;
    IF pg_relation_size('${p}_log') > max_bytes THEN
      DELETE FROM ${p}_log WHERE (ms, n) <= (
        SELECT ms, n FROM (SELECT ms, n, sum(octet_length(body)) OVER (ORDER BY ms DESC, n DESC) AS size FROM ${p}_log) AS sized
        WHERE size > max_bytes ORDER BY ms DESC, n DESC LIMIT 1);
    END IF;
    DELETE FROM ${p}_sessions WHERE expires_at <= clock_timestamp();
    DELETE FROM ${p}_claims WHERE expires_at <= clock_timestamp();
    DELETE FROM ${p}_messages WHERE at < now() - interval '1 minute';
    DELETE FROM ${p}_appended WHERE at < now() - interval '1 day';
  END IF;
  RETURN (SELECT ms || '-' || n FROM ${p}_head);
END $$;

CREATE OR REPLACE FUNCTION ${p}_claim(id text, given text, ttl bigint, replaces boolean) RETURNS json LANGUAGE plpgsql AS $$
DECLARE held text;
BEGIN
  INSERT INTO ${p}_claims VALUES (id, given, clock_timestamp() + ttl * interval '1 millisecond')
    ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at
    WHERE replaces OR ${p}_claims.expires_at <= clock_timestamp()
    RETURNING value INTO held;
  IF held IS NOT NULL THEN RETURN json_build_object('isMine', true, 'value', held); END IF;
  RETURN (SELECT json_build_object('isMine', false, 'value', value) FROM ${p}_claims WHERE key = id);
END $$;`;
}
