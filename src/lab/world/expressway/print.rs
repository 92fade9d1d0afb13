//! What an Expressway prints and logs.

use super::super::Reply;
use super::{
    CONFLICT, DATABASE, DATABASE_LINK, Expressway, H323, INCONSISTENT, KEY_FILE, Node, PEER_CONFIG,
    PRIMARY, RESTART, SYNC,
};
use crate::lab::clock::{Millis, SECOND, Stamp};

/// Title and description of an alarm.
fn words(alarm: u32) -> (&'static str, &'static str) {
    match alarm {
        KEY_FILE => (
            "Failed to update key file",
            "Failed to update system key file due to inconsistent state",
        ),
        CONFLICT => (
            "Cluster replication error",
            "This peer's configuration conflicts with the primary's configuration, manual \
             synchronization of configuration is required",
        ),
        RESTART => (
            "Restart required",
            "Cluster configuration has been changed, however a restart is required for this to \
             take effect",
        ),
        DATABASE => (
            "Database failure",
            "Please remove database and restore from backup, then reboot the system",
        ),
        INCONSISTENT => (
            "Cluster configuration error",
            "Cluster is in inconsistent state",
        ),
        H323 => (
            "Invalid clustering configuration",
            "H.323 mode must be turned On - clustering uses H.323 communications between peers",
        ),
        PEER_CONFIG => (
            "Cluster replication error",
            "Cannot find primary or this subordinate's peer configuration file, manual \
             synchronization of configuration is required",
        ),
        SYNC => (
            "Failed to synchronize database",
            "Database synchronization failed on node expc02, reboot node expc02 from CLI",
        ),
        DATABASE_LINK => (
            "Cluster database communication failure",
            "The database is unable to replicate with one or more of the cluster peers",
        ),
        _ => ("", ""),
    }
}

fn severity(alarm: u32) -> (&'static str, &'static str) {
    match alarm {
        DATABASE | SYNC => ("critical", "ERROR"),
        _ => ("warning", "WARN"),
    }
}

/// What begins every record, and the time that ends it.
fn stamps(host: &str, at: Millis) -> (String, String) {
    let stamp = Stamp::of(at);
    let (date, clock, fraction) = (stamp.date(), stamp.clock(), stamp.fraction());
    (
        format!("{date}T{clock}.{fraction}+00:00 {host}"),
        format!("UTCTime=\"{date} {clock},{fraction}\""),
    )
}

/// An alarm that is raised or lowered.
pub(super) fn alarm(host: &str, alarm: u32, raised: bool, at: Millis) -> String {
    let (head, time) = stamps(host, at);
    let (title, description) = words(alarm);
    let (severity, level) = severity(alarm);
    let event = if raised {
        "Alarm Raised"
    } else {
        "Alarm Lowered"
    };
    format!(
        "{head} alarm: Level=\"{level}\" Event=\"{event}\" Id=\"{alarm}\" \
         UUID=\"{alarm:08}-d954-4f6f-85c1-2ef1eae6f764\" Severity=\"{severity}\" \
         Detail=\"{title}: {description}\" {time}"
    )
}

/// An event of the system itself.
pub(super) fn event(host: &str, event: &str, at: Millis) -> String {
    let (head, time) = stamps(host, at);
    format!("{head} system: Event=\"{event}\" Level=\"1\" {time}")
}

/// Somebody cleared a peer address.
pub(super) fn address_cleared(host: &str, number: usize, address: &str, at: Millis) -> String {
    let (head, time) = stamps(host, at + SECOND / 20);
    format!(
        "{head} httpd[15060]: web: Event=\"System Configuration Changed\" \
         Detail=\"xconfiguration alternates peer {number} address - changed from: '{address}' \
         to: ''\" Src-ip=\"10.15.13.30\" Src-port=\"53155\" User=\"admin\" Level=\"1\" {time}"
    )
}

/// The database finds that it and that of a peer ran on without each other.
pub(super) fn database_split(host: &str, peer: &str, at: Millis) -> [String; 2] {
    let record = |after: Millis, level: &str, what: &str| {
        let (head, time) = stamps(host, at + after);
        format!(
            "{head} {time} Module=\"developer.clusterdb.cdb\" Level=\"{level}\" \
             Node=\"clusterdb@{host}.apolo.local\" PID=\"<0.159.0>\" {what} \
             Node=\"clusterdb@{peer}.apolo.local\""
        )
    };
    [
        record(
            0,
            "ERROR",
            "Detail=\"Inconsistent Database\" Context=\"from mnesia system - \
             running_partitioned_network\"",
        ),
        record(
            1,
            "INFO",
            "Detail=\"Connecting database on mnesia running_partitioned_network event\"",
        ),
    ]
}

/// One synchronisation of a peer that works.
pub(super) fn synchronisation(
    host: &str,
    number: usize,
    peers: &[(&str, &str)],
    at: Millis,
) -> [String; 3] {
    let record = |after: Millis, place: &str, text: &str| {
        let (head, time) = stamps(host, at + after);
        format!(
            "{head} replication: {time} Module=\"developer.replication\" Level=\"INFO\" \
             CodeLocation=\"{place}\" {text}"
        )
    };
    let list: Vec<String> = peers
        .iter()
        .map(|(address, name)| format!("u'({address} {name})'"))
        .collect();
    [
        record(
            0,
            "clusterconfigurationsynchroniser(270)",
            "Detail=\"Starting synchronisation\"",
        ),
        record(
            9,
            "clusterconfigurationutils(750)",
            &format!(
                "AlternateIPAddresses=\"[{}]\" ConfigurationMasterIndex=\"{PRIMARY}\" \
                 LocalPeerIndex=\"{number}\"",
                list.join(", ")
            ),
        ),
        record(
            116,
            "clusterconfigurationsynchroniser(336)",
            "Detail=\"Synchronisation completed successfully\"",
        ),
    ]
}

/// The configuration, as far as it matters here.
pub(super) fn configuration(node: &Node, peers: &[&str]) -> String {
    let name = if peers.is_empty() {
        ""
    } else {
        "cluster.apolo.local"
    };
    let mut lines = vec![
        format!("Alternates Cluster Name: \"{name}\""),
        format!("Alternates ConfigurationPrimary: {}", PRIMARY + 1),
    ];
    for number in 0..6 {
        let listed = peers.get(number).filter(|_| node.listed && !node.reset);
        let address = listed.copied().unwrap_or("");
        lines.push(format!(
            "Alternates Peer {} Address: \"{address}\"",
            number + 1
        ));
    }
    lines.extend([
        format!("Ethernet 1 IP V4 Address: \"{}\"", node.address),
        "Ethernet 1 IP V4 SubnetMask: \"255.255.255.0\"".to_owned(),
        format!("H323 Mode: {}", if node.h323 { "On" } else { "Off" }),
        "IP DNS Domain Name: \"apolo.local\"".to_owned(),
        format!("IP DNS Hostname: \"{}\"", node.name),
        "IP DNS Server 1 Address: \"10.15.13.5\"".to_owned(),
        "IPProtocol: IPv4".to_owned(),
        "NTP Server 1 Address: \"10.15.13.6\"".to_owned(),
        "SIP Mode: On".to_owned(),
        format!("SystemUnit Name: \"{}\"", node.name),
    ]);
    let line = |line: &String| format!("*c xConfiguration {line}\n");
    lines.iter().map(line).collect()
}

/// The whole status.
pub(super) fn status(cluster: &Expressway, node: usize, now: Millis) -> String {
    [
        system_unit(cluster, node, now),
        alternates(cluster, node),
        alarms(cluster, node),
    ]
    .concat()
}

/// Product, release and how long the node has been up.
pub(super) fn system_unit(cluster: &Expressway, node: usize, now: Millis) -> String {
    let since = cluster.nodes.get(node).map_or(now, |n| n.up_since);
    format!(
        "*s SystemUnit: /\n  Product: \"Cisco Expressway\"\n  Uptime: {}\n  Software: /\n    \
         Version: \"X14.0.7\"\n    Build: \"1\"\n*s/end\n",
        (now - since) / SECOND
    )
}

/// The peers, and which of them are there.
pub(super) fn alternates(cluster: &Expressway, viewer: usize) -> String {
    let mut text = "*s Alternates: /\n".to_owned();
    let listed = cluster.nodes.len() > 1 && cluster.nodes.get(viewer).is_some_and(|n| !n.reset);
    for (number, node) in (1..).zip(&cluster.nodes).filter(|_| listed) {
        let state = if node.boots.is_some() && !node.reset {
            "Active"
        } else {
            "Failed"
        };
        text.push_str(&format!(
            "  Peer {number}: /\n    Address: \"{}\"\n    Status: \"{state}\"\n",
            node.address
        ));
    }
    text.push_str("*s/end\n");
    text
}

/// Name and peers of the cluster.
pub(super) fn cluster(cluster: &Expressway, viewer: usize) -> String {
    alternates(cluster, viewer).replacen(
        "*s Alternates: /\n",
        "*s Cluster: /\n  Name: \"cluster.apolo.local\"\n",
        1,
    )
}

/// The alarms that are open.
pub(super) fn alarms(cluster: &Expressway, node: usize) -> String {
    let mut text = "*s Alarm: /\n".to_owned();
    let alarms = cluster.nodes.get(node).map(|n| n.alarms.keys());
    for (number, alarm) in (1..).zip(alarms.into_iter().flatten()) {
        let (title, description) = words(*alarm);
        let (severity, _) = severity(*alarm);
        text.push_str(&format!(
            "  Alarm {number}: /\n    ID: {alarm}\n    Title: \"{title}\"\n    Description: \
             \"{description}\"\n    Severity: \"{severity}\"\n    State: \"raised\"\n"
        ));
    }
    text.push_str("*s/end\n");
    text
}

/// A command that was taken.
pub(super) fn done(result: &str) -> Reply {
    Reply::after(
        SECOND,
        format!("\n*r {result} (status=OK):\n*r/end\n\nOK\n\n"),
    )
}

/// Answers to a ping.
pub(super) fn ping(host: &str, answers: bool) -> String {
    if answers {
        format!("\n*r PingResult (status=OK):\n  Time: \"1\"\n  Host: \"{host}\"\n*r/end\n\nOK\n\n")
    } else {
        "\n*r PingResult (status=Error):\n  Cause: \"No reply\"\n*r/end\n\nERROR\n\n".to_owned()
    }
}

/// A command that the node does not know.
pub(super) fn unknown() -> Reply {
    Reply::text("\nCommand not recognized.\n\nERROR\n\n")
}
