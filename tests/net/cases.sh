# The cases of make-captures, one function each; $FOLDER is where the capture goes.
# shellcheck shell=bash disable=SC2034

# after each case, also a failed one
restore() {
  local host pid
  for host in client router server; do heal "$host"; done
  # programs of the case that still run, but not the database
  for pid in $(ip netns pids client; ip netns pids server); do
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = postgres ] || kill -KILL "$pid" 2>/dev/null || true
  done
  widen
  for host in client server; do
    # what the kernel learnt of paths and peers in this case
    { ip -n "$host" route flush cache; ip -n "$host" tcp_metrics flush; } 2>/dev/null || true
  done
  rm -f "$DATA/primary/recovery.signal"
  : >"$DATA/primary/postgresql.auto.conf"
  if [ -n "$(find "$WORLD" -maxdepth 1 -name changed)" ]; then
    rm "$WORLD/changed"
    postgres_stops immediate 2>/dev/null || true
    postgres_starts
  else
    pg server pg_ctl -D "$DATA/primary" reload >/dev/null
    sleep 0.2
  fi
}
# the server was stopped or got options of its own: start it anew afterwards
changed() { touch "$WORLD/changed"; }

# a link of less than 1280 bytes loses its IPv6 addresses
widen() {
  ip -n router link set toserver mtu 1500
  ip -n router link set toclient mtu 1500
  router_addresses 2>/dev/null || true
}

# ask CONNECTION [SQL]: one try, whatever comes of it
ask() { client_psql "$1" -Atc "${2:-select 1}" || true; }

# try HOSTS CONNECTION [SQL]: the usual case, one connection while capturing
try() {
  local hosts=$1 && shift
  # shellcheck disable=SC2086
  capture "$FOLDER" $hosts
  ask "$@"
  captured
}

# ---- what works

case_ok_plain() { try 'client server' "$(plain)"; }
case_ok_tls12() { try 'client server' "$(secure 2)"; }
case_ok_tls13() { try 'client server' "$(secure 3)"; }
case_ok_password() { PGPASSWORD=right try_password right; }
case_ok_ipv6() { try client "$(plain "hostaddr=$SERVER6")"; }

try_password() { try client "user=app password=$1 sslmode=disable"; }

# replication CONNECTION [SLOT]: a real standby on the client, for five seconds
replication() {
  cat >"$DATA/standby/postgresql.auto.conf" <<C
primary_conninfo = 'host=$SERVER connect_timeout=4 $1'
primary_slot_name = '${2:-}'
wal_retrieve_retry_interval = 1s
C
  chown postgres "$DATA/standby/postgresql.auto.conf"
  : >"$WORLD/socket2/log"
  standby_starts client -W
  sleep "${REPLICATES:-4}"
  captured
  standby_stops client
  cat "$WORLD/socket2/log"
}

# a copy with little left to stream
fresh_standby() {
  changed
  sql 'select pg_switch_wal()'
  postgres_stops fast
  copy_standby
  postgres_starts
}

case_ok_replication_plain() {
  fresh_standby
  capture "$FOLDER" client server
  replication 'user=repl sslmode=disable'
}

case_ok_replication_tls12() {
  fresh_standby
  capture "$FOLDER" client
  replication "user=postgres sslmode=verify-ca sslrootcert=$CERTS/postgres/ca.crt sslcert=$CERTS/postgres/client.crt sslkey=$CERTS/postgres/client.key ssl_max_protocol_version=TLSv1.2"
}

# ---- certificates and TLS

tls12_server() { setting "ssl_cert_file=$CERTS/postgres/$1.crt" "ssl_key_file=$CERTS/postgres/$1.key"; }

case_server_certificate_expired_tls12() { tls12_server server-expired; try 'client server' "$(secure 2)"; }
case_server_certificate_expired_tls13() { tls12_server server-expired; try 'client server' "$(secure 3)"; }
case_server_certificate_not_yet_valid_tls12() { tls12_server server-early; try client "$(secure 2)"; }
case_server_certificate_wrong_purpose_tls12() { tls12_server server-clientonly; try client "$(secure 2)"; }
case_ca_unknown_to_client_tls12() { tls12_server server-stranger; try 'client server' "$(secure 2)"; }
case_ca_unknown_to_client_tls13() { tls12_server server-stranger; try client "$(secure 3)"; }

case_server_certificate_expired_not_checked_tls12() {
  tls12_server server-expired
  try client "user=postgres sslmode=require sslrootcert=/nonexistent sslcert=$CERTS/client.crt sslkey=$CERTS/client.key ssl_max_protocol_version=TLSv1.2"
}

client_with() { try "$1" "$(secure "$2" "sslcert=$CERTS/$3.crt sslkey=$CERTS/$3.key")"; }

case_client_certificate_of_another_ca_tls12() { client_with 'client server' 2 client-stranger; }
case_client_certificate_of_another_ca_tls13() { client_with client 3 client-stranger; }
case_client_certificate_expired_tls12() { client_with 'client server' 2 client-expired; }
case_client_certificate_expired_tls13() { client_with client 3 client-expired; }
case_client_certificate_revoked_tls12() {
  setting "ssl_crl_file=$CERTS/postgres/ca.crl"
  client_with client 2 client-revoked
}
case_client_certificate_wrong_name_tls12() { client_with 'client server' 2 client-wrongname; }
case_client_certificate_wrong_name_tls13() { client_with client 3 client-wrongname; }
case_client_certificate_missing_tls12() { try 'client server' "$(secure 2 'sslcert=/nonexistent')"; }
case_client_certificate_missing_tls13() { try client "$(secure 3 'sslcert=/nonexistent')"; }
case_too_many_connections_tls12() {
  full_server
  try client "$(secure 2)"
}

case_name_mismatch_tls12() { tls12_server elsewhere; try 'client server' "$(secure 2 sslmode=verify-full)"; }
case_name_mismatch_tls13() { tls12_server elsewhere; try client "$(secure 3 sslmode=verify-full)"; }

case_handshake_failure_no_common_cipher() {
  setting 'ssl_ciphers=ECDHE-ECDSA-AES256-GCM-SHA384'
  try 'client server' "$(secure 2)"
}
case_protocol_version_alert() {
  setting ssl_min_protocol_version=TLSv1.3
  try 'client server' "$(secure 2)"
}

# both sides must be told to take what no current OpenSSL takes by itself
old_tls() {
  setting 'ssl_ciphers=ALL:@SECLEVEL=0'
  cat >"$WORLD/old.conf" <<C
openssl_conf = init
[init]
ssl_conf = ssl
[ssl]
system_default = old
[old]
MinProtocol = TLSv1
CipherString = ALL:@SECLEVEL=0
C
  capture "$FOLDER" client
  on client env -i PATH="$PATH" HOME=/nonexistent OPENSSL_CONF="$WORLD/old.conf" psql -X \
    "host=$SERVER dbname=postgres $(secure 2) ssl_min_protocol_version=$1 ssl_max_protocol_version=$1" -Atc 'select 1' || true
  captured
}
case_obsolete_tls10() { old_tls TLSv1; }
case_obsolete_tls11() { old_tls TLSv1.1; }

# ---- PostgreSQL's own words, in clear

case_ssl_off() { setting ssl=off; try 'client server' "$(secure 2)"; }
case_no_hba_entry_plain() { try 'client server' 'user=postgres sslmode=disable'; }
case_wrong_password() { try client 'user=app password=wrong sslmode=disable'; }
case_database_missing() { try client "$(plain dbname=nosuchdb)"; }

full_server() {
  changed
  postgres_stops fast
  postgres_starts -c max_connections=2 -c superuser_reserved_connections=0 -c max_wal_senders=0
  local each
  for each in 1 2; do
    pg server psql -h "$WORLD/socket" -U open -d postgres -c 'select pg_sleep(60)' >/dev/null 2>&1 &
  done
  sleep 0.5
}
case_too_many_connections_plain() { full_server; try 'client server' "$(plain)"; }

case_slots_reserved_plain() {
  changed
  postgres_stops fast
  postgres_starts -c max_connections=2 -c superuser_reserved_connections=1 -c max_wal_senders=0
  pg server psql -h "$WORLD/socket" -U open -d postgres -c 'select pg_sleep(60)' >/dev/null 2>&1 &
  sleep 0.5
  try client "$(plain)"
}

case_starting_up() {
  changed
  postgres_stops fast
  # recovery that waits for an archive: the server answers, and takes nobody yet
  printf "restore_command = 'sleep 30; false'\n" >"$DATA/primary/postgresql.auto.conf"
  runuser -u postgres -- touch "$DATA/primary/recovery.signal"
  pg server pg_ctl -D "$DATA/primary" -l "$DATA/primary.log" -W start >/dev/null
  wait_for 5 on client python3 "$NET/peer.py" open "$SERVER" 5432
  sleep 0.3
  try 'client server' "$(plain)"
}

case_shutting_down_refuses() {
  changed
  pg server psql -h "$WORLD/socket" -d postgres -c 'select pg_sleep(60)' >/dev/null 2>&1 &
  sleep 0.5
  postgres_stops smart --no-wait
  sleep 0.3
  try 'client server' "$(plain)"
}

case_shutting_down_ends_session() {
  changed
  capture "$FOLDER" client server
  ask "$(plain)" 'select pg_sleep(30)' &
  local session=$!
  sleep 0.7
  postgres_stops fast
  wait "$session"
  captured
}

case_read_only_plain() {
  : >"$DATA/standby/postgresql.auto.conf"
  changed
  postgres_stops fast
  standby_starts server -w
  capture "$FOLDER" client server
  ask "$(plain dbname=postgres)" 'create table t(i int)'
  ask "$(plain 'dbname=postgres target_session_attrs=read-write')"
  captured
  standby_stops server
}

case_replication_slot_missing() {
  capture "$FOLDER" client server
  REPLICATES=3 replication 'user=repl sslmode=disable' cms2
}

case_wal_removed() {
  local i
  for i in 1 2 3 4 5 6; do
    sql 'create temporary table grows as select repeat(md5(random()::text), 30) from generate_series(1, 2000)'
    sql 'select pg_switch_wal()'
    sql checkpoint
  done
  capture "$FOLDER" client server
  REPLICATES=3 replication 'user=repl sslmode=disable'
}

# ---- the path

case_refused() { changed; postgres_stops fast; try 'client server' "$(plain)"; }
case_refused_ipv6() { changed; postgres_stops fast; try client "$(plain "hostaddr=$SERVER6")"; }
case_refused_then_works() {
  changed
  postgres_stops fast
  capture "$FOLDER" client
  ask "$(plain)"
  postgres_starts
  ask "$(plain)"
  captured
}
case_refused_repeated() {
  changed
  postgres_stops fast
  capture "$FOLDER" client
  ask "$(plain)"
  sleep 1
  ask "$(plain)"
  sleep 1
  ask "$(plain)"
  captured
}

# one way cut for new connections: both sides, and other traffic that still passes
cut_new() {
  ip netns exec server python3 "$NET/peer.py" greet 22 &
  wait_for 5 on client python3 "$NET/peer.py" open "$SERVER" 22
  forward "$1"
  capture "$FOLDER" client server
  on client python3 "$NET/peer.py" talk "$SERVER" 22
  ask "$(plain)"
  on client python3 "$NET/peer.py" talk "$SERVER" 22
  captured
}
case_syn_dropped() { cut_new 'tcp dport 5432 tcp flags & (syn | ack) == syn drop'; }
case_answers_dropped() { cut_new 'tcp sport 5432 tcp flags & (syn | ack) == (syn | ack) drop'; }
case_syn_dropped_ipv6() {
  forward 'tcp dport 5432 drop'
  try client "$(plain "hostaddr=$SERVER6")"
}
case_icmp_admin_prohibited() { forward 'tcp dport 5432 reject with icmpx admin-prohibited'; try 'client server' "$(plain)"; }
case_icmp_admin_prohibited_ipv6() { forward 'tcp dport 5432 reject with icmpx admin-prohibited'; try client "$(plain "hostaddr=$SERVER6")"; }
case_icmp_port_unreachable() {
  fault server <<<'chain in { type filter hook input priority 0; tcp dport 5432 reject; }'
  try 'client server' "$(plain)"
}
case_icmp_host_unreachable() { try client "$(plain hostaddr=198.51.100.77)"; }
case_udp_port_unreachable() {
  capture "$FOLDER" client
  on client python3 "$NET/peer.py" gatekeeper "$SERVER"
  captured
}
case_reset_by_router_at_first_packet() { forward 'tcp dport 5432 reject with tcp reset'; try 'client server' "$(plain)"; }

# session SQL FAULT SQL [SECONDS]: a session in clear that meets a fault between two statements
session() {
  mkfifo "$WORLD/statements"
  capture "$FOLDER" client server
  client_psql "$(plain 'keepalives_idle=1 keepalives_interval=1')" -At <"$WORLD/statements" &
  local pid=$!
  exec 7>"$WORLD/statements"
  echo "$1" >&7
  sleep 0.7
  forward "$2"
  echo "$3" >&7
  sleep "${4:-1}"
  captured
  kill "$pid" 2>/dev/null || true
  exec 7>&-
  rm "$WORLD/statements"
}
case_reset_in_session() { session 'select 1;' 'tcp dport 5432 reject with tcp reset' 'select 2;'; }
case_silent_cut() { session 'select 1;' 'tcp dport 5432 drop; tcp sport 5432 drop' 'select 2;' 7; }
case_silent_cut_answers() { session 'select 1;' 'tcp sport 5432 drop' 'select 2;' 7; }

case_reset_at_client_hello() {
  # what a firewall does that wants no TLS: the first handshake record is answered by a reset
  fault router <<<'chain way { type filter hook forward priority 0; tcp dport 5432 @ih,0,16 0x1603 reject with tcp reset; }'
  try 'client server' "$(secure 2)"
}
case_reset_by_server() {
  changed
  postgres_stops fast
  ip netns exec server python3 "$NET/peer.py" reset 5432 &
  wait_for 5 on client python3 "$NET/peer.py" open "$SERVER" 5432
  try 'client server' "$(plain)"
}

# a router with a narrow link behind it
narrow() { ip -n router link set toserver mtu "$1"; }
silent_router() { fault router <<<'chain out { type filter hook output priority 0; icmp type destination-unreachable drop; }'; }
large_query() { printf "select length('%s')" "$(head -c "$1" /dev/zero | tr '\0' x)"; }

case_mtu_blackhole() {
  narrow 600
  silent_router
  capture "$FOLDER" client server
  ask "$(plain)"
  timeout 6 ip netns exec client env -i PATH="$PATH" HOME=/nonexistent psql -X "host=$SERVER dbname=postgres $(plain)" -Atc "$(large_query 4000)" || true
  captured
}
case_mtu_blackhole_tls12() {
  # the server's certificate does not fit through the link to the client
  ip -n router link set toclient mtu 600
  silent_router
  capture "$FOLDER" client server
  timeout 3 ip netns exec client env -i PATH="$PATH" HOME=/nonexistent psql -X "host=$SERVER dbname=postgres $(secure 2)" -Atc 'select 1' || true
  captured
}
case_mtu_fragmentation_needed() {
  narrow 600
  try 'client server' "$(plain)" "$(large_query 4000)"
}

case_loss() {
  # the packet headers are enough
  SNAP=80
  fault router <<<'chain way { type filter hook forward priority 0; tcp sport 5432 numgen random mod 100 < 15 drop; }'
  capture "$FOLDER" client server
  client_psql "$(plain) connect_timeout=20" -Atc "select length(repeat('x', 1)), repeat('x', 170000)" | wc -c || true
  captured
}
case_zero_window() {
  capture "$FOLDER" client server
  on client python3 "$NET/peer.py" lazy "$SERVER" 5432 7
  captured
}

# ---- other servers

# tls_peer PORT SERVERCERT [ARGUMENT…]: OpenSSL's own server, also for a client that must show a certificate
tls_server() {
  ip netns exec server openssl s_server -accept "$1" -cert "$CERTS/$2.crt" -key "$CERTS/$2.key" -CAfile "$CERTS/ca.crt" "${@:3}" -quiet </dev/null >"$WORLD/s_server" 2>&1 &
  wait_for 5 on server sh -c "ss -ltn | grep -q ':$1 '"
}
tls_client() { (sleep 1) | on client timeout 5 openssl s_client -connect "$SERVER:$1" -CAfile "$CERTS/ca.crt" -verify_return_error -brief "${@:2}" || true; }
mine() { echo "-cert $CERTS/$1.crt -key $CERTS/$1.key"; }

# mutual PORT SERVERCERT CLIENTARGUMENTS
mutual() {
  tls_server "$1" "$2" -Verify 2 -verify_return_error
  capture "$FOLDER" client server
  # shellcheck disable=SC2086
  tls_client "$1" $3
  captured
  cat "$WORLD/s_server"
}
case_8443_mutual_ok_tls12() { mutual 8443 server "$(mine client) -tls1_2"; }
case_8443_mutual_ok_tls13() { mutual 8443 server "$(mine client) -tls1_3"; }
case_8443_client_certificate_missing_tls12() { mutual 8443 server -tls1_2; }
case_8443_client_certificate_missing_tls13() { mutual 8443 server -tls1_3; }
case_8443_client_certificate_of_another_ca_tls12() { mutual 8443 server "$(mine client-stranger) -tls1_2"; }
case_8443_server_certificate_expired_tls12() { mutual 8443 server-expired "$(mine client) -tls1_2"; }
case_4372_ca_unknown_tls12() { mutual 4372 server-stranger "$(mine client) -tls1_2"; }
case_5061_server_certificate_expired_tls12() { mutual 5061 server-expired "$(mine client) -tls1_2"; }
case_4372_refused() { capture "$FOLDER" client server; on client python3 "$NET/peer.py" open "$SERVER" 4372 || true; captured; }
case_4372_syn_dropped() {
  forward 'tcp dport 4372 drop'
  capture "$FOLDER" client server
  on client python3 "$NET/peer.py" open "$SERVER" 4372 || true
  captured
}

case_wrong_protocol_http_server_on_5432() {
  changed
  postgres_stops fast
  ip netns exec server python3 "$NET/peer.py" web 5432 &
  wait_for 5 on client python3 "$NET/peer.py" open "$SERVER" 5432
  try 'client server' "$(secure 2)"
}
case_wrong_protocol_http_client_on_5432() {
  capture "$FOLDER" client server
  on client curl -s -S -m 4 "http://$SERVER:5432/" || true
  captured
}
case_wrong_protocol_clear_text_to_8443() {
  tls_server 8443 server
  capture "$FOLDER" client server
  on client curl -s -S -m 4 "http://$SERVER:8443/" || true
  captured
}
case_wrong_protocol_ssh_on_5432() {
  changed
  postgres_stops fast
  ip netns exec server python3 "$NET/peer.py" greet 5432 &
  wait_for 5 on client python3 "$NET/peer.py" open "$SERVER" 5432
  try client "$(plain)"
}

xmpp() {
  ip netns exec server python3 "$NET/xmpp.py" server "$1" "$CERTS/server.crt" "$CERTS/server.key" &
  wait_for 5 on client python3 "$NET/peer.py" open "$SERVER" 7400
  capture "$FOLDER" client server
  on client python3 "$NET/xmpp.py" client "$SERVER" "$CERTS/${2:-ca}.crt" || true
  captured
}
case_xmpp_ok() { xmpp ok; }
case_xmpp_host_unknown() { xmpp host-unknown; }
case_xmpp_not_authorized() { xmpp not-authorized; }
case_xmpp_system_shutdown() { xmpp system-shutdown; }
case_xmpp_starttls_ok() { xmpp starttls; }
case_xmpp_starttls_ca_unknown() { xmpp starttls other; }

# erlang NAME COOKIE [ONLY]: a node on the server, or only its port mapper
erlang_server() {
  on server sh -c "HOME=$WORLD epmd -daemon"
  wait_for 5 on client python3 "$NET/peer.py" open "$SERVER" 4369
  [ "$1" = none ] && return
  ip netns exec server env HOME="$WORLD" erl -noshell -noinput -name "$1@$SERVER" -setcookie right -kernel inet_dist_listen_min 4372 inet_dist_listen_max 4372 >"$WORLD/erl" 2>&1 &
  wait_for 10 on server sh -c "epmd -names | grep -q 'name $1'"
}
erlang_ping() {
  on client env HOME="$WORLD" erl -noshell -name "clusterdb@$CLIENT" -setcookie "$1" -kernel dist_auto_connect never inet_dist_listen_min 4372 inet_dist_listen_max 4372 -eval "io:format(\"~p~n\", [net_kernel:connect_node('clusterdb@$SERVER')]), timer:sleep(500), halt(0)."
}
erlang() {
  erlang_server "$1"
  capture "$FOLDER" client server
  erlang_ping "$2" || true
  captured
}
case_erlang_ok() { erlang clusterdb right; }
case_erlang_node_unknown() { erlang somebodyelse right; }
case_erlang_no_node_at_all() { erlang none right; }
case_erlang_wrong_cookie() { erlang clusterdb wrong; }
case_erlang_port_mapper_refused() { capture "$FOLDER" client server; erlang_ping right || true; captured; }
case_erlang_distribution_refused() {
  # registered, but a firewall lets nobody to the port it is registered with
  erlang_server clusterdb
  fault server <<<'chain in { type filter hook input priority 0; tcp dport 4372 reject with tcp reset; }'
  capture "$FOLDER" client server
  erlang_ping right || true
  captured
}

# mnesia HOST ADDRESS WORDS: a node of a database; only tests run it, for it takes a while.
mnesia() {
  mkdir -p "$WORLD/$1.home"
  ip netns exec "$1" env HOME="$WORLD/$1.home" erl -noshell -noinput -name "clusterdb@$2" -setcookie right \
    -kernel net_ticktime 8 inet_dist_listen_min 4372 inet_dist_listen_max 4372 -eval "$3" >"$WORLD/$1.mnesia" 2>&1 &
}
live_mnesia_cut_in_half() {
  command -v erl >/dev/null || { echo 'Erlang is not installed' >&2; exit 77; }
  mnesia server "$SERVER" 'ok = mnesia:start(),
    {atomic, ok} = mnesia:create_table(t, [{ram_copies, [node()]}, {attributes, [k, v]}]),
    io:format("ready~n"), receive after infinity -> ok end.'
  wait_for 20 grep -q ready "$WORLD/server.mnesia"
  capture "$FOLDER" client server
  mnesia client "$CLIENT" "ok = mnesia:start(), {ok, _} = mnesia:subscribe(system),
    {ok, [_]} = mnesia:change_config(extra_db_nodes, ['clusterdb@$SERVER']),
    {atomic, ok} = mnesia:add_table_copy(t, node(), ram_copies), io:format(\"joined~n\"),
    Write = fun(Write) -> catch mnesia:dirty_write({t, k, os:timestamp()}),
      receive {mnesia_system_event, {mnesia_down, Node}} -> io:format(\"mnesia_down ~p~n\", [Node])
      after 300 -> ok end, Write(Write) end, Write(Write)."
  wait_for 20 grep -q joined "$WORLD/client.mnesia"
  sleep 1
  forward drop
  wait_for 30 grep -q mnesia_down "$WORLD/client.mnesia"
  sleep 1
  captured
}

# the kernel at hand may not know VLANs: the tag is put into what was captured
case_refused_vlan() {
  changed
  postgres_stops fast
  try client "$(plain)"
  python3 "$NET/peer.py" tag "$FOLDER/client.pcap" 100
}
