//! `explain` knows commands and terms as translated documents print them, and answers with the real
//! ones, the same in every language.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, which is what it is for"
)]

use std::process::Command;

use clusterdx::catalog::{Catalog, NameKind};

/// What `explain` prints, and whether it found anything.
fn explain(text: &str, lang: &str) -> (String, bool) {
    let done = Command::new(env!("CARGO_BIN_EXE_clusterdx"))
        .args(["explain", text, "--lang", lang])
        .env("COLUMNS", "100")
        .output()
        .unwrap();
    let text = String::from_utf8(done.stdout).unwrap();
    (text, done.status.success())
}

/// What documents print in another language, and what it stands for.
const TRANSLATED: [(&str, &str); 61] = [
    (
        "데이터베이스 클러스터 localnode a",
        "database cluster localnode",
    ),
    (
        "nó local do cluster de banco de dados a",
        "database cluster localnode",
    ),
    (
        "데이터베이스 클러스터 인증서 <client_key> <client_crt> <ca_crt>",
        "database cluster certs",
    ),
    (
        "데이터베이스 클러스터 초기화",
        "database cluster initialize",
    ),
    (
        "inicialização do cluster de banco de dados",
        "database cluster initialize",
    ),
    (
        "데이터베이스 클러스터 조인 <기본 CB IP 주소>",
        "database cluster join",
    ),
    (
        "associação do cluster de banco de dados <endereço IP do CB mestre>",
        "database cluster join",
    ),
    (
        "associação de cluster de banco de dados <10.48.36.61>",
        "database cluster join",
    ),
    (
        "união de cluster de banco de dados",
        "database cluster join",
    ),
    (
        "데이터베이스 클러스터 조인 <10.48.36.61>",
        "database cluster join",
    ),
    ("데이터베이스 클러스터 상태", "database cluster status"),
    (
        "status de cluster de banco de dados",
        "database cluster status",
    ),
    (
        "데이터베이스 클러스터 지우기 오류",
        "database cluster clear_error",
    ),
    (
        "erro de limpeza de cluster de banco de dados",
        "database cluster clear_error",
    ),
    (
        "database cluster clear error",
        "database cluster clear_error",
    ),
    (
        "데이터베이스 클러스터 업그레이드_스키마",
        "database cluster upgrade_schema",
    ),
    ("syslog 팔로우", "syslog follow"),
    ("syslog siga", "syslog follow"),
    ("pôsteres", "postgres"),
    ("PÔSTERES", "postgres"),
    ("pontes de chamada", "Call Bridge"),
    ("통화 브리지", "Call Bridge"),
    ("BC", "Call Bridge"),
    ("기본", "primary"),
    ("복제", "replica"),
    (
        "고객 이름이 sugest인 클라이언트 인증서",
        "client certificate",
    ),
    ("부품 A", "part a"),
    ("허용", "Permissive"),
    ("적용", "Enforce"),
    ("시행", "Enforce"),
    ("TLS 확인 모드 옵션", "TLS verification mode"),
    ("컨피그레이션 기본", "Configuration primary"),
    ("기본 구성:1", "Configuration primary"),
    ("하위 피어", "subordinate"),
    ("공장 재설정", "factory reset"),
    ("마스터 노드", "primary"),
    ("잘못된 클러스터링 구성", "Invalid clustering configuration"),
    (
        "Expressway 데이터베이스 실패",
        "Expressway database failure",
    ),
    (
        "주요 파일 경보를 업데이트하지 못했습니다",
        "Failed to update key file",
    ),
    ("고속도로", "Expressway"),
    ("전용 IP", "private"),
    ("Video Control Server", "Video Communication Server"),
    ("xcommand forceconfigupdate", "xCommand ForceConfigUpdate"),
    ("텍스트 전화회의", "Cisco XCP Text Conference Manager"),
    ("영구 채팅", "persistent chat"),
    ("하위 클러스터", "subcluster"),
    ("프레즌스 이중화 그룹", "Presence Redundancy Group"),
    ("폐일백", "fallback"),
    ("폴백 중", "Falling Back"),
    ("회수 중", "Taking Back"),
    (
        "실행 중이 아닌 중요 서비스 장애 조치됨",
        "Failed Over with Critical Services not Running",
    ),
    ("백업 모드에서 실행 중", "Running in Backup Mode"),
    ("실행 중", "Running in Backup Mode"),
    (
        "IM and Presence 서비스 가용성",
        "Cisco Unified IM and Presence Serviceability",
    ),
    (
        "제어 센터 - 기능 서비스",
        "Control Center - Feature Services",
    ),
    ("인터넷클러스터", "intercluster"),
    (
        "클러스터 간 동기화 에이전트",
        "Cisco Intercluster Sync Agent",
    ),
    ("계시자 노드", "publisher node"),
    ("加入", "subscribe"),
    (
        "클러스터 간 투명 프로토콜",
        "intercluster transport protocol",
    ),
    ("토플로지", "topology"),
];

#[test]
fn what_translations_made_of_commands_and_terms_is_known() {
    let langs = ["en", "ko", "pt-BR"];
    for ((printed, real), lang) in TRANSLATED.iter().zip(langs.iter().cycle()) {
        let (text, found) = explain(printed, lang);
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            found && text.contains(real),
            "{printed}: not {real} in {lang}, but {text}"
        );
    }
}

#[test]
fn a_command_is_known_whatever_stands_behind_it() {
    for (line, real) in [
        (
            "utils service restart Cisco XCP Router",
            "utils service restart",
        ),
        ("xConfiguration H323 Mode: On", "xConfiguration H323 Mode"),
        (
            "database  cluster   certs a.key a.crt",
            "database cluster certs",
        ),
        ("UTILS HA STATUS DefaultCluster", "utils ha status"),
    ] {
        let (text, found) = explain(line, "en");
        assert!(found, "{line}");
        assert_eq!(text.lines().next(), Some(real), "{text}");
    }
    for line in ["database clusters", "utils ha", "join"] {
        let (text, _) = explain(line, "en");
        assert!(!text.contains(": command\n"), "{line}: {text}");
    }
}

#[test]
fn it_is_told_whether_a_command_is_ever_sent() {
    for (command, words) in [
        ("database cluster status", "It only looks"),
        (
            "database cluster upgrade_schema",
            "cms.db.retry-schema-upgrade",
        ),
        ("database cluster join", "never sends it"),
        ("database cluster initialize", "never sends it"),
    ] {
        let (text, _) = explain(command, "en");
        assert!(text.contains(words), "{command}: {text}");
    }
}

#[test]
fn every_command_that_changes_something_is_explained() {
    let catalog = Catalog::builtin().unwrap();
    let known = |verb: &str| {
        let mut names = catalog.names.iter();
        names.any(|name| {
            let all = std::iter::once(&name.name).chain(&name.known_as);
            name.is == NameKind::Command
                && all.into_iter().any(|one| verb.starts_with(one.as_str()))
        })
    };
    for verb in catalog.dialects.iter().flat_map(|dialect| &dialect.verbs) {
        assert!(known(verb), "{verb}");
    }
}
