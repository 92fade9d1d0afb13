//! What the platform command line prints, and the records of CiscoSyslog.

use super::super::Reply;
use super::{AGENT, Imp};
use crate::lab::clock::{Millis, SECOND, Stamp};

pub(super) const GREETING: &str = "Command Line Interface is starting up, please wait ...\n\n   \
    Welcome to the Platform Command Line Interface\n\nVMware Installation:\n\t4 vCPU: Intel(R) \
    Xeon(R) CPU E5-2699 v4 @ 2.20GHz\n\tDisk 1: 80GB, Partitions aligned\n\t8192 Mbytes RAM\n\n";

pub(super) const VERSION: &str =
    "Active Master Version: 14.0.1.13900-8\nActive Version Installed Software Options:\n\n";

pub(super) const HARDWARE: &str = "\
HW Platform       : VMware Virtual Machine
Processors        : 4
Type              : Intel(R) Xeon(R) CPU E5-2699 v4 @ 2.20GHz
CPU Speed         : 2200
Memory            : 8192 MBytes
Object ID         : 1.3.6.1.4.1.9.1.1348
OS Version        : UCOS 7.0.0.0-1
";

pub(super) const DIAGNOSE: &str = "\
Log file: platform/log/diag4.log

Starting diagnostic test(s)
===========================
test - disk_space          : Passed (available: 6938 MB, used: 11852 MB)
skip - disk_files          : This module must be run directly and off hours
test - service_manager     : Passed
test - tomcat              : Passed
test - validate_network    : Passed
test - raid                : Passed
test - ntp_reachability    : Passed

Diagnostics Completed
";

pub(super) const NTP: &str = "\
ntpd (pid 6723) is running...

     remote           refid      st t when poll reach   delay   offset  jitter
==============================================================================
*10.60.0.5       10.60.1.1        3 u   33   64  377    0.412    0.031   0.012

synchronised to NTP server (10.60.0.5) at stratum 4
";

/// An alarm without what differs from record to record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Alarm<'t> {
    facility: &'static str,
    severity: u8,
    name: &'static str,
    /// Parameters before those that every alarm has.
    parameters: &'static str,
    service: Option<&'t str>,
    application: &'t str,
    text: &'static str,
}

const NONE: Alarm<'static> = Alarm {
    facility: "UC_ICSA",
    severity: 6,
    name: "",
    parameters: "[remotePeerAddress=imp2a.apolo.local]",
    service: None,
    application: AGENT,
    text: "",
};

pub(super) const ROUTER_ALARM: Alarm<'static> = Alarm {
    facility: "UC_XcpCM",
    severity: 2,
    name: "XCPConfigMgrJabberRestartRequired",
    parameters: "",
    application: "Cisco XCP Config Manager",
    text: "Cisco XCP Config Manager has regenerated XCP XML files after system halt due to buffer \
           size. The XCP Router must now be restarted to pick up changes.",
    ..NONE
};

pub(super) const SYNC_ALARM: Alarm<'static> = Alarm {
    severity: 2,
    name: "InterClusterSyncAgentPeerPeriodicSyncingFailure",
    text: "Cisco Intercluster Sync Agent service detected periodic syncing failure with an \
           inter-cluster peer",
    ..NONE
};

pub(super) const HEAP_ALARM: Alarm<'static> = Alarm {
    severity: 2,
    name: "InterClusterSyncAgentHeapSpaceError",
    text: "Cisco Intercluster Sync Agent service detected a heap space error",
    ..NONE
};

pub(super) const SYNC_DONE: Alarm<'static> = Alarm {
    name: "InterClusterSyncAgentStatus",
    text: "Periodic sync completed successfully",
    ..NONE
};

/// A service that ended again and again until its manager gave it up.
pub(super) fn failed(service: &str) -> Alarm<'_> {
    Alarm {
        facility: "UC_SERVICEMANAGER",
        severity: 2,
        name: "ServiceFailed",
        parameters: "[ProcessID=4711][Reason=Signal 11]",
        service: Some(service),
        application: "Cisco Service Manager",
        text: "Service terminated.",
    }
}

/// A service that started.
pub(super) fn started(service: &str) -> Alarm<'_> {
    Alarm {
        facility: "UC_GENERIC",
        name: "ServiceStarted",
        parameters: "[ProcessID=1234]",
        service: Some(service),
        application: service,
        text: "Service started.",
        ..NONE
    }
}

/// A record of CiscoSyslog.
pub(super) fn record(host: &str, number: u32, alarm: Alarm<'_>, at: Millis) -> String {
    let stamp = Stamp::of(at);
    let service = alarm.service.map(|name| format!("[ServiceName={name}]"));
    format!(
        "{} {host} local7 {} : {number}: {host}.apolo.local: {} : %{}-{}-{}: \
         %{}{}[AppID={}][ClusterID=][NodeID={host}]: {}",
        stamp.bsd(),
        alarm.severity,
        stamp.cisco(),
        alarm.facility,
        alarm.severity,
        alarm.name,
        alarm.parameters,
        service.unwrap_or_default(),
        alarm.application,
        alarm.text
    )
}

/// `show status`
pub(super) fn show_status(host: &str, now: Millis) -> String {
    let date = Stamp::of(now).wall();
    format!(
        "\nHost Name          : {host}\nDate               : {date}\n\
         Time Zone          : Coordinated Universal Time (Etc/UTC)\n\
         Locale             : en_US.UTF-8\nProduct Ver        : 14.0.1.13900-8\n\
         Unified OS Version : 7.0.0.0-1\n\n"
    )
}

/// `show network eth0`
pub(super) fn show_network(address: &str) -> String {
    format!(
        "Ethernet 0\nDHCP         : disabled           Status     : up\n\
         IP Address   : {address:<18} IP Mask    : 255.255.255.000\n\
         Link Detected: yes                Mode       : Auto enabled, Full, 10000 Mbits/s\n\
         Duplicate IP : no\n\nDNS\nPrimary      : 10.60.0.53         Secondary  : Not \
         Configured\nOptions      : timeout:5 attempts:2\nDomain       : apolo.local\n\
         Gateway      : 10.60.1.1 on Ethernet 0\n"
    )
}

/// `show network cluster`
pub(super) fn show_cluster(cluster: &Imp) -> String {
    let mut text = String::new();
    for (at, node) in cluster.nodes.iter().enumerate() {
        let part = if at == 0 { "DBPub" } else { "DBSub" };
        text.push_str(&format!(
            "{} {}.apolo.local {} Subscriber cups {part} authenticated\n",
            node.address, node.name, node.name
        ));
    }
    text.push_str("10.60.1.10 cucm1.apolo.local cucm1 Publisher callmanager DBPub authenticated\n");
    text.push_str("\nServer Table (processnode) Entries\n----------------------------------\n");
    text.push_str("cucm1.apolo.local\n");
    for node in &cluster.nodes {
        text.push_str(&format!("{}.apolo.local\n", node.name));
    }
    text
}

/// `utils dbreplication runtimestate`
pub(super) fn replication(cluster: &Imp, viewer: usize) -> String {
    let mut text = format!(
        "\nDB Version: ccm14_0_1_13900_8\n\nRepltimeout set to: 300s\nPROCESS option set to: \
         1\n\nCluster Detailed View from {} ({} Servers):\n\n\
         {:38}PING      DB/RPC/   REPL.    Replication    REPLICATION SETUP\n\
         SERVER-NAME         IP ADDRESS        (msec)    DbMon?    QUEUE    Group ID       \
         (RTMT) & Details\n\
         -----------         ----------        ------    -------   -----    ------------   \
         ------------------\n",
        cluster.name(viewer),
        cluster.nodes.len(),
        ""
    );
    for (number, node) in (2..).zip(&cluster.nodes) {
        text.push_str(&format!(
            "{:<19} {:<17} 0.045     Y/Y/Y     0        (g_{number})          (2) Setup \
             Completed\n",
            node.name, node.address
        ));
    }
    text.push('\n');
    text
}

/// `utils service list`
pub(super) fn services(cluster: &Imp, node: usize) -> String {
    let mut text = "Requesting service status, please wait...\n".to_owned();
    let services = cluster.nodes.get(node).map(|n| &n.services);
    for service in services.into_iter().flatten() {
        text.push_str(&service.line());
    }
    text.push_str(&format!("Primary Node ={}\n\n", node == 0));
    text
}

/// What an engineer types at a node to collect its state.
pub(super) fn session(cluster: &Imp, node: usize, now: Millis) -> String {
    format!(
        "admin:show status\n{}admin:show network cluster\n{}\nadmin:utils service \
         list\n{}admin:utils ha status\n{}admin:\n",
        show_status(cluster.name(node), now),
        show_cluster(cluster),
        services(cluster, node),
        cluster.ha_status(),
    )
}

/// A service on its way up.
pub(super) fn starting(service: &str, takes: Millis) -> Reply {
    let mut reply = Reply::after(
        SECOND,
        format!("Service Manager is running\n{service}[STARTING]\n"),
    );
    reply.parts.push((takes, format!("{service}[STARTED]\n")));
    reply
}

/// A service on its way down and up.
pub(super) fn restarting(service: &str, takes: Millis) -> Reply {
    let mut reply = starting(service, takes);
    reply.parts.insert(
        0,
        (
            SECOND,
            "Do not press Ctrl+C while the service is restarting. If the service has not \
             restarted properly, execute the same command again.\n"
                .to_owned(),
        ),
    );
    reply
}

/// `utils network ping` and `host`
pub(super) fn reach(host: &str) -> String {
    format!(
        "Local Resolution:\n{host} resolves locally\nPING {host}: 56(84) bytes of data.\n\
         64 bytes from {host}: icmp_seq=1 ttl=64 time=0.228 ms\n"
    )
}

/// A service that does not exist.
pub(super) fn invalid_service(service: &str) -> Reply {
    Reply::after(SECOND, format!("Service name is invalid: {service}\n"))
}

/// A node that does not exist.
pub(super) fn invalid_node(name: &str) -> Reply {
    Reply::after(SECOND, format!("Invalid node name: {name}\n"))
}

/// A command that the node does not know.
pub(super) fn unknown() -> Reply {
    Reply::text("No valid command entered\n")
}
