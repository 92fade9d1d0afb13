//! What the MMP prints.

use super::super::Reply;
use super::{Cms, Outcome};
use crate::lab::clock::SECOND;

/// First lines of the schema builder.
pub(super) const BUILDER: [&str; 2] = [
    "Upgrading schema with connect line 'connect_timeout=4 user=postgres host=127.0.0.1 port=9899 \
     sslmode=verify-ca sslcert=/srv/pgsql/client.crt sslkey=/srv/pgsql/client.key \
     sslrootcert=/srv/pgsql/ca.crt '",
    "Using database name 'cluster'",
];

const CERTIFICATES: &str = "
Certificates
  Server Key             : dbserver.key
  Server Certificate     : dbserver.crt
  Client Key             : dbclient.key
  Client Certificate     : dbclient.crt
  CA Certificate         : dbca.crt
";

const HELP: &str = "\
  database                  : database clustering commands
  backup                    : back up the configuration
  ntp                       : time servers
  pcap                      : capture packets on an interface
  ping                      : ping another host
  pki                       : keys and certificates
  reboot                    : restart the server
  syslog                    : system log
  version                   : software version
  exit                      : leave this session
";

/// `key : value` in the columns of the product.
fn row(key: &str, value: &str) -> String {
    format!("{key:<24} : {value}\n")
}

/// The screen of `database cluster status` on a node.
pub(super) fn status(cluster: &Cms, viewer: usize) -> String {
    let Some(node) = cluster.nodes.get(viewer) else {
        return String::new();
    };
    let mut text = String::new();
    if let Some(error) = &node.error {
        text.push_str(&row("ERROR", error));
    }
    let status = match (&node.error, node.follows) {
        (Some(_), _) => "Error",
        (None, Some(_)) => "Enabled",
        (None, None) => "Disabled",
    };
    text.push_str(&row("Status", status));
    if let Some(primary) = node.follows {
        text.push_str("\nNodes:\n");
        for (at, other) in cluster.nodes.iter().enumerate() {
            if other.follows.is_none() {
                continue;
            }
            let me = if at == viewer { " (me)" } else { "" };
            let state = match () {
                () if other.boots.is_none() => "Disconnected",
                () if at == primary => "Connected Primary",
                () if other.in_sync => "Connected Replica ( In Sync )",
                () => "Connected Replica",
            };
            let address = format!("{}{me}", other.address);
            text.push_str(&format!("    {address:<20} : {state}\n"));
        }
        let used = cluster.nodes.get(primary).map_or("", |n| n.address);
        text.push_str(&row("Node in use", used));
    }
    text.push('\n');
    text.push_str(&row("Interface", "a"));
    text.push_str(CERTIFICATES);
    text.push('\n');
    let result = match node.last.1 {
        Outcome::Success => "Success",
        Outcome::Failed => "Failed",
        Outcome::Running => "In progress",
    };
    text.push_str(&row(
        "Last command",
        &format!("'{}' ({result})", node.last.0),
    ));
    text
}

/// Commands that do nothing to the cluster.
pub(super) fn other(line: &str) -> Reply {
    let mut words = line.split(' ');
    match (words.next(), words.next(), words.next()) {
        (Some("version"), None, _) => Reply::text("2.9.5\n"),
        (Some("help"), ..) => Reply::text(HELP),
        (Some("ntp"), Some("status"), None) => Reply::text(
            "     remote           refid      st t when poll reach   delay   offset  jitter\n\
             ==============================================================================\n\
             *10.48.54.5      10.48.1.1        3 u   33   64  377    0.412    0.031   0.012\n",
        ),
        (Some("ping"), Some(host), None) => Reply::after(SECOND, ping(host)),
        (Some("pki"), Some("list"), None) => Reply::text(
            "User supplied certificates and keys:\n\
             dbserver.key\ndbserver.crt\ndbclient.key\ndbclient.crt\ndbca.crt\n",
        ),
        (Some("pki"), Some("match" | "verify"), Some(_)) => Reply::text("Success\n"),
        (Some("backup"), Some("snapshot"), Some(name)) => {
            Reply::after(2 * SECOND, format!("{name}.bak ready for download\n"))
        }
        (Some("pcap"), Some(interface), None) => {
            Reply::follow("", format!("Capture stopped, see {interface}.pcap\n"))
        }
        _ => Reply::text(format!("Unknown command: {line}\n")),
    }
}

fn ping(host: &str) -> String {
    format!(
        "PING {host} ({host}): 56 data bytes\n\
         64 bytes from {host}: seq=0 ttl=63 time=0.612 ms\n\
         --- {host} ping statistics ---\n\
         1 packets transmitted, 1 packets received, 0% packet loss\n"
    )
}
