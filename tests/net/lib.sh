# Functions for real faults in a small network: two hosts and a router between them.
# To be sourced by scripts that `world` runs. shellcheck shell=bash
#
#   client 192.0.2.10, 2001:db8:2::10 --- router --- server 198.51.100.10, 2001:db8:51::10
#
# Every namespace calls its interface eth0; the router has `toclient` and `toserver`.

export CLIENT=192.0.2.10 SERVER=198.51.100.10 CLIENT6=2001:db8:2::10 SERVER6=2001:db8:51::10
NET=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${WORLD:?run this by tests/net/world}"

on() { ip netns exec "$@"; }

# wait_for SECONDS COMMAND…: asks again until it succeeds.
wait_for() {
  local left=$(($1 * 20)) && shift
  until "$@" >/dev/null 2>&1; do
    left=$((left - 1))
    [ "$left" -gt 0 ] || { echo "waited in vain for: $*" >&2; return 1; }
    sleep 0.05
  done
}

# ---- the network

network() {
  local host
  for host in client router server; do
    ip netns add "$host"
    ip -n "$host" link set lo up
    on "$host" sh -c 'for f in /proc/sys/net/ipv6/conf/*/accept_dad; do echo 0 >"$f"; done'
  done
  cable client eth0 02:00:c0:00:02:0a router toclient 02:00:c0:00:02:01
  cable server eth0 02:00:c6:33:64:0a router toserver 02:00:c6:33:64:01
  router_addresses
  address client eth0 $CLIENT/24 $CLIENT6/64
  address server eth0 $SERVER/24 $SERVER6/64
  on router sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
  ip -n client route add default via 192.0.2.1
  ip -n client route add default via 2001:db8:2::1
  ip -n server route add default via 198.51.100.1
  ip -n server route add default via 2001:db8:51::1
}

router_addresses() {
  address router toclient 192.0.2.1/24 2001:db8:2::1/64
  address router toserver 198.51.100.1/24 2001:db8:51::1/64
}

# cable HOST INTERFACE MAC HOST INTERFACE MAC
cable() {
  ip link add "$2" netns "$1" type veth peer name "$5" netns "$4"
  # what is captured are the packets of the wire: no large ones that a card would cut
  ip -n "$1" link set "$2" address "$3" gso_max_segs 1 up
  ip -n "$4" link set "$5" address "$6" gso_max_segs 1 up
}

address() {
  ip -n "$1" addr replace "$3" dev "$2"
  ip -n "$1" addr replace "$4" dev "$2" nodad
}

# fault HOST: the body of an nftables table on standard input; heal HOST takes it away.
fault() { { echo 'table inet fault {'; cat; echo '}'; } | on "$1" nft -f -; }
heal() { on "$1" nft delete table inet fault 2>/dev/null || true; }

# forward RULE: one fault on the router's way.
forward() { fault router <<<"chain way { type filter hook forward priority 0; $1; }"; }

# ---- captures

FILTER='tcp or udp or icmp or (icmp6 and ip6[40] < 128)'
CAPTURES=()

# capture FOLDER [HOST…]: from now on into FOLDER/HOST.pcap; $SNAP cuts packets.
capture() {
  local folder=$1 host && shift
  CAPTURES=()
  for host in "${@:-client}"; do
    # no function here: the signal at the end has to meet tcpdump itself
    ip netns exec "$host" tcpdump -i eth0 -n -U --immediate-mode -Z root -s "${SNAP:-0}" \
      -w "$folder/$host.pcap" "$FILTER" 2>"$WORLD/$host.tcpdump" &
    CAPTURES+=($!)
    wait_for 10 grep -q 'listening on' "$WORLD/$host.tcpdump"
  done
  # it says so a little before it does
  sleep 0.4
}

captured() {
  [ ${#CAPTURES[@]} = 0 ] && return
  # what is on its way still belongs to it
  sleep 0.6
  kill -TERM "${CAPTURES[@]}"
  wait "${CAPTURES[@]}" || true
  CAPTURES=()
}

# ---- certificates, all in $WORLD/certs

CERTS=$WORLD/certs

authority() { # NAME SUBJECT
  mkdir -p "$CERTS/$1.issued"
  openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj "/CN=$2" \
    -keyout "$CERTS/$1.key" -out "$CERTS/$1.crt" 2>/dev/null
  : >"$CERTS/$1.index"
  echo 01 >"$CERTS/$1.serial"
  cat >"$CERTS/$1.conf" <<C
[ca]
default_ca = here
[here]
database = $CERTS/$1.index
serial = $CERTS/$1.serial
new_certs_dir = $CERTS/$1.issued
certificate = $CERTS/$1.crt
private_key = $CERTS/$1.key
default_md = sha256
default_crl_days = 30
policy = any
unique_subject = no
[any]
commonName = supplied
C
}

# certificate NAME AUTHORITY CN EXTENSIONS [START END]: times as YYYYMMDDHHMMSSZ
certificate() {
  local start end
  start=${5:-$(date -u -d '10 days ago' +%Y%m%d000000Z)}
  end=${6:-$(date -u -d '1 year' +%Y%m%d000000Z)}
  openssl req -newkey "${KEY:-rsa:2048}" -nodes -subj "/CN=$3" \
    -keyout "$CERTS/$1.key" -out "$CERTS/$1.csr" 2>/dev/null
  printf '%b' "$4" >"$CERTS/$1.ext"
  openssl ca -batch -config "$CERTS/$2.conf" -in "$CERTS/$1.csr" -out "$CERTS/$1.crt" -notext \
    -startdate "$start" -enddate "$end" -extfile "$CERTS/$1.ext" 2>/dev/null
}

certificates() {
  local both='extendedKeyUsage=serverAuth,clientAuth\n' names
  names="subjectAltName=DNS:cms1.example.com,IP:$SERVER\n"
  mkdir -p "$CERTS"
  authority ca 'Example Root CA'
  authority other 'Some Other Root CA'
  certificate server ca cms1.example.com "${both}${names}"
  certificate elsewhere ca cms9.example.com "${both}subjectAltName=DNS:cms9.example.com\n"
  certificate server-expired ca cms1.example.com "${both}${names}" \
    "$(date -u -d '400 days ago' +%Y%m%d000000Z)" "$(date -u -d '35 days ago' +%Y%m%d000000Z)"
  certificate server-early ca cms1.example.com "${both}${names}" \
    "$(date -u -d '20 days' +%Y%m%d000000Z)" "$(date -u -d '400 days' +%Y%m%d000000Z)"
  certificate server-clientonly ca cms1.example.com "extendedKeyUsage=clientAuth\n${names}"
  certificate server-stranger other cms1.example.com "${both}${names}"
  certificate client ca postgres 'extendedKeyUsage=clientAuth\n'
  certificate client-wrongname ca cms2.example.com 'extendedKeyUsage=clientAuth\n'
  certificate client-stranger other postgres 'extendedKeyUsage=clientAuth\n'
  certificate client-revoked ca postgres 'extendedKeyUsage=clientAuth\n'
  certificate client-expired ca postgres 'extendedKeyUsage=clientAuth\n' \
    "$(date -u -d '400 days ago' +%Y%m%d000000Z)" "$(date -u -d '35 days ago' +%Y%m%d000000Z)"
  openssl ca -config "$CERTS/ca.conf" -revoke "$CERTS/client-revoked.crt" 2>/dev/null
  openssl ca -config "$CERTS/ca.conf" -gencrl -out "$CERTS/ca.crl" 2>/dev/null
  mkdir "$CERTS/postgres"
  cp "$CERTS"/*.crt "$CERTS"/*.key "$CERTS"/ca.crl "$CERTS/postgres"
  chmod 600 "$CERTS"/*.key "$CERTS"/postgres/*.key
  chown -R postgres "$CERTS/postgres"
}

# ---- PostgreSQL

DATA=$WORLD/data

pg_bin() { find /usr/lib/postgresql -name "$1" -path '*/bin/*' | sort -V | tail -1; }

# as the user of the database on a host
pg() { local host=$1 program && program=$(pg_bin "$2") && shift 2 && on "$host" runuser -u postgres -- "$program" "$@"; }

database() {
  local runs
  runs=$(pg_bin initdb)
  [ -n "$runs" ] || { echo 'PostgreSQL is not installed' >&2; exit 77; }
  install -d -o postgres -m 700 "$DATA" "$WORLD/socket"
  cd "$WORLD" || return
  pg server initdb -D "$DATA/primary" -E UTF8 --locale=C --auth=trust --wal-segsize=1 -N >/dev/null
  cat >>"$DATA/primary/postgresql.conf" <<C
listen_addresses = '*'
unix_socket_directories = '$WORLD/socket'
ssl = on
ssl_cert_file = '$CERTS/postgres/server.crt'
ssl_key_file = '$CERTS/postgres/server.key'
ssl_ca_file = '$CERTS/postgres/ca.crt'
ssl_min_protocol_version = 'TLSv1'
wal_keep_size = 0
min_wal_size = 2MB
max_wal_size = 4MB
fsync = off
log_connections = on
log_replication_commands = on
log_line_prefix = '%m [%p] %h %u@%d '
wal_sender_timeout = 5s
wal_receiver_timeout = 5s
wal_receiver_status_interval = 1s
C
  cat >"$DATA/primary/pg_hba.conf" <<C
local     all         all      trust
hostssl   all         postgres all cert clientcert=verify-full
hostssl   replication postgres all cert clientcert=verify-full
hostnossl cluster     app      all scram-sha-256
hostnossl all         open     all trust
hostnossl replication repl     all trust
C
  postgres_starts
  sql 'create database cluster'
  sql "create role app login password 'right'"
  sql 'create role open login'
  sql 'create role repl login replication'
  # a second one that was copied from the first, for a standby
  postgres_stops fast
  copy_standby
  postgres_starts
}

copy_standby() {
  rm -rf "$DATA/standby"
  cp -a "$DATA/primary" "$DATA/standby"
  sed -i "s#$WORLD/socket#$WORLD/socket2#" "$DATA/standby/postgresql.conf"
  install -d -o postgres -m 700 "$WORLD/socket2"
  install -o postgres -m 600 /dev/null "$WORLD/socket2/log"
  runuser -u postgres -- touch "$DATA/standby/standby.signal"
}

# postgres_starts [OPTION…]: options of the server, such as -c max_connections=4
postgres_starts() { pg server pg_ctl -D "$DATA/primary" -l "$DATA/primary.log" -w -t 30 -o "$*" start >/dev/null; }
postgres_stops() { pg server pg_ctl -D "$DATA/primary" -m "$1" "${@:2}" stop >/dev/null; }
standby_starts() { pg "$1" pg_ctl -D "$DATA/standby" -l "$WORLD/socket2/log" "${@:2}" start >/dev/null; }
standby_stops() { pg "$1" pg_ctl -D "$DATA/standby" -m immediate stop >/dev/null; }

# setting NAME=VALUE…: for new connections of the running server
setting() {
  local each
  for each in "$@"; do echo "${each%%=*} = '${each#*=}'"; done >"$DATA/primary/postgresql.auto.conf"
  chown postgres "$DATA/primary/postgresql.auto.conf"
  pg server pg_ctl -D "$DATA/primary" reload >/dev/null
  # the server takes them when it gets to it; each new connection has what it had then
  sleep 0.3
}

sql() { pg server psql -h "$WORLD/socket" -d postgres -Atc "$1" >/dev/null; }

# client_psql CONNECTION [ARGUMENT…]: psql on the client that has no files of a user
client_psql() { on client env -i PATH="$PATH" HOME=/nonexistent LC_ALL=C psql -X "connect_timeout=4 host=$SERVER dbname=cluster $1" "${@:2}"; }

# secure VERSION [MORE]: the connection of a cluster's node
secure() {
  echo "user=postgres sslmode=verify-ca sslrootcert=$CERTS/ca.crt sslcert=$CERTS/client.crt" \
    "sslkey=$CERTS/client.key ssl_min_protocol_version=TLSv1.${1} ssl_max_protocol_version=TLSv1.${1} ${2:-}"
}

plain() { echo "user=open sslmode=disable ${1:-}"; }
