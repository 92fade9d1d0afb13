//! The labels and words of administration pages, in English, Korean and Portuguese.

use std::collections::HashMap;
use std::sync::LazyLock;

/// A setting that rules know, and the labels that pages give it.
pub(super) struct Setting {
    pub(super) section: &'static str,
    /// The English label.
    pub(super) name: &'static str,
    /// Labels in other words and languages.
    others: &'static [&'static str],
}

const SETTINGS: &[Setting] = &[
    Setting {
        section: "Presence Redundancy Group",
        name: "Enable High Availability",
        others: &[
            "고가용성 활성화",
            "Habilitar alta disponibilidade",
            "Ativar alta disponibilidade",
        ],
    },
    Setting {
        section: "Group Chat and Persistent Chat",
        name: "Enable Persistent Chat",
        others: &[
            "영구 채팅 활성화",
            "Habilitar chat persistente",
            "Ativar chat persistente",
            "Habilitar bate-papo persistente",
        ],
    },
    Setting {
        section: "Cisco Intercluster Sync Agent",
        name: "Enable Auto Recovery for Inter-cluster Peer Periodic Syncing Failure",
        others: &["인터클러스터 피어 주기적 동기화 실패에 대한 자동 복구 활성화"],
    },
    Setting {
        section: "Cisco Intercluster Sync Agent",
        name: "Inter Cluster Peer Periodic Sync Interval (mins)",
        others: &[
            "Inter Cluster Peer Periodic Sync Interval",
            "인터클러스터 피어 주기적 동기화 간격(분)",
        ],
    },
    Setting {
        section: "Cisco Intercluster Sync Agent",
        name: "Certificate Sync during Inter-Cluster Periodic Sync",
        others: &[
            "클러스터 간 주기적 동기화 중 인증서 동기화",
            "클러스터 간 주기적인 동기화 중 인증서 동기화",
        ],
    },
    Setting {
        section: "Cisco Server Recovery Manager",
        name: "Critical Service Delay",
        others: &["Critical Service Down Delay"],
    },
    Setting {
        section: "Cisco Server Recovery Manager",
        name: "Keep Alive (Heartbeat) Timeout",
        others: &[],
    },
    Setting {
        section: "Cisco Server Recovery Manager",
        name: "Keep Alive (HeartBeat) Interval",
        others: &[],
    },
    Setting {
        section: "Cisco Server Recovery Manager",
        name: "Initialization Keep Alive (Heartbeat) Timeout",
        others: &[],
    },
    Setting {
        section: "Cisco Server Recovery Manager",
        name: "Enable Automatic Fallback",
        others: &[],
    },
    Setting {
        section: "Inter-Clustering",
        name: "Peer Address",
        others: &["피어 주소", "Endereço do peer"],
    },
    Setting {
        section: "Inter-Clustering",
        name: "Preferred Protocol for SIP communication",
        others: &[
            "Inter-cluster Trunk Transport Type",
            "Preferred Protocol for Inter-cluster SIP communication",
            "SIP 통신의 기본 프로토콜",
        ],
    },
    Setting {
        section: "Inter-cluster Peer Status",
        name: "Associated Users",
        others: &["연결된 사용자", "Usuários associados"],
    },
    Setting {
        section: "Inter-cluster Peer Status",
        name: "Remote Users",
        others: &["Users on remote cluster"],
    },
    Setting {
        section: "Inter-cluster Peer Status",
        name: "Inter-cluster Peer Status",
        others: &["인터클러스터 피어 상태", "Status do peer entre clusters"],
    },
    Setting {
        section: "Inter-cluster Peer Status",
        name: "Peer Connectivity Test",
        others: &[],
    },
    Setting {
        section: "Inter-cluster Peer Status",
        name: "Certificate Status",
        others: &["CertificateStatus", "인증서 상태"],
    },
    Setting {
        section: "Sync Agent",
        name: "Sync Agent Status",
        others: &["Cisco Sync Agent Sync Status", "User Sync Status"],
    },
    Setting {
        section: "External Database Job",
        name: "Merge Status",
        others: &["Validation Details", "유효성 검사 세부 정보"],
    },
    Setting {
        section: "Virtual Machine",
        name: "OVA Size",
        others: &["OVA", "OVA Template", "Capacity (users)"],
    },
];

/// Services that a rule may require, as the product writes them, with their translated names.
const SERVICES: &[(&str, &[&str])] = &[
    ("Cisco XCP Router", &["Cisco XCP 라우터"]),
    ("Cisco XCP Config Manager", &[]),
    ("Cisco Sync Agent", &["Cisco 동기화 에이전트"]),
    (
        "Cisco Intercluster Sync Agent",
        &["Cisco 클러스터 간 동기화 에이전트"],
    ),
    ("Cisco Server Recovery Manager", &["Cisco 서버 복구 관리자"]),
    ("Cisco IM and Presence Data Monitor", &[]),
    ("Cisco Config Agent", &[]),
    ("Cisco Client Profile Agent", &[]),
    ("Cisco OAM Agent", &[]),
    ("Cisco Presence Datastore", &[]),
    ("Cisco SIP Registration Datastore", &[]),
    ("Cisco Login Datastore", &[]),
    ("Cisco Route Datastore", &[]),
    (
        "Cisco XCP Text Conference Manager",
        &[
            "Cisco XCP 텍스트 전화회의 관리자",
            "Cisco XCP Text Conferencing Manager",
        ],
    ),
    ("Cisco XCP Message Archiver", &[]),
    ("Cisco XCP Connection Manager", &[]),
    ("Cisco XCP Authentication Service", &[]),
    ("Cisco XCP Web Connection Manager", &[]),
    ("Cisco XCP SIP Federation Connection Manager", &[]),
    ("Cisco XCP XMPP Federation Connection Manager", &[]),
    ("Cisco XCP Directory Service", &[]),
    ("Cisco XCP File Transfer Manager", &[]),
    ("Cisco Presence Engine", &[]),
    ("Cisco SIP Proxy", &[]),
    ("Cisco AXL Web Service", &["Cisco AXL 웹 서비스"]),
    ("Cisco Tomcat", &[]),
];

/// A label without blanks, signs and capitals.
pub(super) fn fold(words: &str) -> String {
    let kept = words.chars().filter(|c| c.is_alphanumeric());
    kept.flat_map(char::to_lowercase).collect()
}

/// Settings and services by their folded labels.
static KNOWN: LazyLock<HashMap<String, Known>> = LazyLock::new(|| {
    let settings = SETTINGS.iter().flat_map(|setting| {
        let names = setting.others.iter().chain([&setting.name]);
        names.map(move |name| (fold(name), Known::Setting(setting)))
    });
    let services = SERVICES.iter().flat_map(|(name, others)| {
        let names = others.iter().chain([name]);
        names.map(move |label| (fold(label), Known::Service(name)))
    });
    settings.chain(services).collect()
});

/// What a label stands for.
#[derive(Clone, Copy)]
pub(super) enum Known {
    Setting(&'static Setting),
    /// By the product's name.
    Service(&'static str),
}

pub(super) fn known(label: &str) -> Option<Known> {
    // longer than any label
    let bounded = (1..=160).contains(&label.len());
    bounded.then(|| KNOWN.get(&fold(label)).copied()).flatten()
}

/// The state of a service in the words of a page.
pub(super) fn service_status(words: &str) -> Option<&'static str> {
    Some(match fold(words).as_str() {
        "started" | "running" | "시작됨" | "실행중" | "iniciado" | "emexecução" => {
            "started"
        }
        "stopped" | "중지됨" | "parado" | "interrompido" => "stopped",
        "notrunning" | "실행중이아님" | "nãoestáemexecução" => "not-running",
        "starting" | "시작중" | "iniciando" => "starting",
        "stopping" | "중지중" | "parando" => "stopping",
        "notactivated" | "servicenotactivated" | "비활성화됨" | "nãoativado" => {
            "not-activated"
        }
        "unknown" | "알수없음" | "desconhecido" => "unknown",
        _ => return None,
    })
}

/// What a box or a choice says.
pub(super) fn on_off(value: &str) -> Option<bool> {
    let words = value.trim();
    if matches!(words, "☑" | "✓" | "✔" | "[x]" | "[X]" | "☒") {
        return Some(true);
    }
    if matches!(words, "☐" | "[ ]" | "[]") {
        return Some(false);
    }
    Some(match fold(words).as_str() {
        "true" | "yes" | "on" | "enabled" | "checked" | "활성화됨" | "선택됨" | "sim"
        | "habilitado" | "ativado" => true,
        "false" | "no" | "off" | "disabled" | "unchecked" | "비활성화됨" | "선택취소됨" | "não"
        | "desabilitado" | "desativado" => false,
        _ => return None,
    })
}

/// A column of a table that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Node,
    Group,
    Database,
    Host,
    Type,
    Version,
    Feature,
    Test,
    Outcome,
    Problem,
    Solution,
    State,
    Reason,
}

pub(super) fn column(head: &str) -> Option<Column> {
    // longer than any head
    if head.is_empty() || head.len() > 64 {
        return None;
    }
    Some(match fold(head).as_str() {
        "node" | "nodename" | "노드" | "노드이름" | "nó" => Column::Node,
        "server" | "monitoredserver" | "presenceserver" | "서버" => Column::Node,
        "presenceredundancygroup" | "subcluster" | "프레즌스이중화그룹" => Column::Group,
        "externaldatabase"
        | "database"
        | "databasename"
        | "외부데이터베이스"
        | "데이터베이스이름"
        | "bancodedadosexterno" => Column::Database,
        "hostname" | "host" | "databasehost" | "호스트이름" => Column::Host,
        "databasetype" | "type" | "데이터베이스유형" | "tipodebancodedados" => Column::Type,
        "version" | "databaseversion" | "버전" | "versão" => Column::Version,
        "feature" | "featuretable" | "기능" | "recurso" => Column::Feature,
        "testdescription" | "test" | "테스트설명" => Column::Test,
        "outcome" | "result" | "결과" | "resultado" => Column::Outcome,
        "problem" | "문제" | "problema" => Column::Problem,
        "serverstate" | "nodestate" | "state" | "서버상태" | "estadodoservidor" => {
            Column::State
        }
        "reason" | "이유" | "motivo" => Column::Reason,
        "solution" | "해결책" | "솔루션" | "solução" => Column::Solution,
        _ => return None,
    })
}

/// What a row of the troubleshooter says; its sign is lost in many copies.
pub(super) fn outcome(sign: &str, problem: &str) -> &'static str {
    match fold(sign).as_str() {
        "passed" | "pass" | "ok" | "success" | "good" => return "good",
        "failed" | "fail" | "error" | "x" => return "bad",
        _ => {}
    }
    match sign.trim() {
        "✓" | "✔" | "✅" | "☑" => "good",
        "✗" | "✘" | "❌" | "×" | "✖" => "bad",
        "" if !problem.is_empty() => "bad",
        "" => "good",
        _ => "unknown",
    }
}

pub(super) fn database_type(words: &str) -> &'static str {
    let folded = fold(words);
    match () {
        () if folded.starts_with("postgre") => "postgresql",
        () if folded.starts_with("oracle") => "oracle",
        () if folded.contains("mssql") || folded.contains("sqlserver") => "mssql",
        () => "",
    }
}
