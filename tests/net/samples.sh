# Cases that only samples need, in the manner of cases.sh.
# shellcheck shell=bash disable=SC2034

# ---- the path

case_first_words_lost() {
  forward 'tcp dport 5432 tcp flags & psh == psh drop'
  capture "$FOLDER" client server
  timeout 6 ip netns exec client env -i PATH="$PATH" HOME=/nonexistent psql -X "host=$SERVER dbname=cluster $(plain) connect_timeout=6" -Atc 'select 1' || true
  captured
}
case_host_drops() {
  fault server <<<'chain in { type filter hook input priority 0; tcp dport 5432 drop; }'
  try 'client server' "$(plain)"
}
case_syn_dropped_beside_8443() {
  ip netns exec server python3 "$NET/peer.py" web 8443 &
  wait_for 5 on client python3 "$NET/peer.py" open "$SERVER" 8443
  forward 'tcp dport 5432 tcp flags & (syn | ack) == syn drop'
  capture "$FOLDER" client server
  on client python3 "$NET/peer.py" open "$SERVER" 8443
  ask "$(plain)"
  on client python3 "$NET/peer.py" open "$SERVER" 8443
  captured
}
case_mtu_told_in_vain() {
  # the router says how much passes, and the client's own firewall drops that
  narrow 600
  fault client <<<'chain in { type filter hook input priority 0; icmp type destination-unreachable drop; }'
  capture "$FOLDER" client server
  ask "$(plain)"
  timeout 6 ip netns exec client env -i PATH="$PATH" HOME=/nonexistent psql -X "host=$SERVER dbname=postgres $(plain)" -Atc "$(large_query 4000)" || true
  captured
}

# loss_of_answers STATEMENTS PERCENT: each lost answer is sent again when its time is up
loss_of_answers() {
  SNAP=80
  capture "$FOLDER" client server
  forward "tcp sport 5432 tcp flags & syn == 0 numgen random mod 100 < $2 drop"
  yes 'select 1;' | head -n "$1" >"$WORLD/many.sql"
  chmod 644 "$WORLD/many.sql"
  client_psql "$(plain) connect_timeout=20" -At -f "$WORLD/many.sql" | wc -l || true
  captured
}
case_answers_lost_of_60() { loss_of_answers 60 15; }
case_answers_lost_of_30() { loss_of_answers 30 20; }

# ---- TLS

case_clock_of_client_ahead() {
  tls_server 8443 server
  capture "$FOLDER" client
  tls_client 8443 -tls1_2 -attime 2100000000
  captured
}
case_expired_and_left() {
  tls_server 8443 server-expired
  capture "$FOLDER" client
  on client python3 "$NET/damage.py" leave "$SERVER" "$CERTS/ca.crt" || true
  captured
}
case_client_expired_not_checked() {
  tls_server 8443 server -Verify 2
  capture "$FOLDER" client
  # shellcheck disable=SC2046
  (echo one; sleep 0.5; echo two; sleep 0.5) | on client timeout 5 openssl s_client -connect "$SERVER:8443" -CAfile "$CERTS/ca.crt" -brief $(mine client-expired) -tls1_2 || true
  captured
}
case_client_not_yet_valid() {
  certificate client-early ca postgres 'extendedKeyUsage=clientAuth\n' \
    "$(date -u -d '20 days' +%Y%m%d000000Z)" "$(date -u -d '400 days' +%Y%m%d000000Z)"
  mutual 8443 server "$(mine client-early) -tls1_2"
}
case_client_for_servers() {
  certificate client-serveronly ca postgres 'extendedKeyUsage=serverAuth\n'
  mutual 8443 server "$(mine client-serveronly) -tls1_2"
}
case_shared_keys_differ() {
  ip netns exec server openssl s_server -accept 8443 -nocert -psk 1234 -tls1_2 -quiet </dev/null >"$WORLD/s_server" 2>&1 &
  wait_for 5 on server sh -c "ss -ltn | grep -q ':8443 '"
  capture "$FOLDER" client
  (sleep 1) | on client timeout 5 openssl s_client -connect "$SERVER:8443" -psk 5678 -tls1_2 -brief || true
  captured
}
case_signature_damaged() {
  ip -n server link set lo up
  tls_server 9443 server
  ip netns exec server python3 "$NET/damage.py" 8443 9443 &
  wait_for 5 on server sh -c "ss -ltn | grep -q ':8443 '"
  capture "$FOLDER" client
  tls_client 8443 -tls1_2
  captured
}
case_curve_damaged() {
  ip -n server link set lo up
  tls_server 9443 server
  ip netns exec server python3 "$NET/damage.py" 8443 9443 curve &
  wait_for 5 on server sh -c "ss -ltn | grep -q ':8443 '"
  capture "$FOLDER" client
  tls_client 8443 -tls1_2
  captured
}
case_server_too_old() {
  tls_server 8443 server -tls1 -cipher 'ALL:@SECLEVEL=0'
  capture "$FOLDER" client
  tls_client 8443 -tls1_2
  captured
}
case_name_not_served() {
  tls_server 8443 server -servername cms1.example.com -servername_fatal -cert2 "$CERTS/server.crt" -key2 "$CERTS/server.key"
  capture "$FOLDER" client
  tls_client 8443 -servername cms7.example.com -tls1_2
  captured
}
case_tls_to_sip() {
  ip netns exec server python3 "$NET/peer.py" web 5060 &
  wait_for 5 on client python3 "$NET/peer.py" open "$SERVER" 5060
  capture "$FOLDER" client
  on client curl -s -S -k -m 4 "https://$SERVER:5060/" || true
  captured
}

# ---- other protocols

case_gatekeeper_silent() {
  ip netns exec server python3 "$NET/gatekeeper.py" serve "${1:-silent}" &
  sleep 0.5
  capture "$FOLDER" client
  on client python3 "$NET/gatekeeper.py" ask "$SERVER"
  captured
}
case_gatekeeper_answers() { case_gatekeeper_silent answers; }
case_gatekeeper_and_database_silent() {
  forward 'tcp dport 4372 drop'
  ip netns exec server python3 "$NET/gatekeeper.py" serve silent &
  sleep 0.5
  capture "$FOLDER" client
  on client python3 "$NET/peer.py" open "$SERVER" 4372 &
  on client python3 "$NET/gatekeeper.py" ask "$SERVER"
  wait $! || true
  captured
}
case_timeline_apart() {
  changed
  postgres_stops fast
  copy_standby
  postgres_starts
  : >"$DATA/standby/postgresql.auto.conf"
  standby_starts client -w
  pg client pg_ctl -D "$DATA/standby" -w promote >/dev/null
  pg client psql -h "$WORLD/socket2" -d postgres -Atc 'create table apart(i int)' >/dev/null
  pg client pg_ctl -D "$DATA/standby" -m fast stop >/dev/null
  runuser -u postgres -- touch "$DATA/standby/standby.signal"
  capture "$FOLDER" client
  REPLICATES=5 replication 'user=repl sslmode=disable'
}
case_erlang_not_allowed() {
  on server sh -c "HOME=$WORLD epmd -daemon"
  wait_for 5 on client python3 "$NET/peer.py" open "$SERVER" 4369
  ip netns exec server env HOME="$WORLD" erl -noshell -noinput -name "clusterdb@$SERVER" -setcookie right -kernel inet_dist_listen_min 4372 inet_dist_listen_max 4372 -eval "net_kernel:allow(['other@192.0.2.77'])." >"$WORLD/erl" 2>&1 &
  wait_for 10 on server sh -c "epmd -names | grep -q 'name clusterdb'"
  sleep 0.5
  capture "$FOLDER" client
  erlang_ping right || true
  captured
}
xmpp_client_says() {
  ip netns exec server python3 "$NET/xmpp.py" server ok "$CERTS/server.crt" "$CERTS/server.key" &
  wait_for 5 on client python3 "$NET/peer.py" open "$SERVER" 7400
  capture "$FOLDER" client
  on client python3 "$NET/damage.py" xmpp "$SERVER" "$1" || true
  captured
}
case_xmpp_client_refuses() { xmpp_client_says invalid-from; }
case_xmpp_client_shuts_down() { xmpp_client_says system-shutdown; }
case_4372_mutual_ok() {
  tls_server 4372 server -Verify 2 -verify_return_error
  capture "$FOLDER" client
  # shellcheck disable=SC2046
  (echo one; sleep 0.5; echo two; sleep 0.5) | on client timeout 5 openssl s_client -connect "$SERVER:4372" -CAfile "$CERTS/ca.crt" -brief $(mine client) -tls1_2 || true
  captured
}
