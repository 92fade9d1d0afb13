//! Requests as XML, and what answers tell: elements found by their local names, tolerantly.

/// The namespace of the interface.
const SPACE: &str = "http://schemas.cisco.com/ast/soap";

/// Longest value of an element that is read.
const VALUE: usize = 1024;

/// What an answer tells.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// Services as the command line prints them, a line each.
    pub(super) services: String,
    /// What went wrong.
    pub(super) failure: Option<String>,
}

fn envelope(body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
         <soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:s=\"{SPACE}\"><soapenv:Header/><soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
    )
}

/// Asks for the state of all services.
pub(super) fn status() -> String {
    envelope("<s:soapGetServiceStatus><s:ServiceStatus></s:ServiceStatus></s:soapGetServiceStatus>")
}

/// Asks for one service to be started or restarted.
pub(super) fn control(node: &str, kind: &str, service: &str) -> String {
    let (node, service) = (escaped(node), escaped(service));
    envelope(&format!(
        "<s:soapDoControlServices><s:ControlServiceRequest><s:NodeName>{node}</s:NodeName>\
         <s:ControlType>{kind}</s:ControlType><s:ServiceList><s:item>{service}</s:item>\
         </s:ServiceList></s:ControlServiceRequest></s:soapDoControlServices>"
    ))
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&apos;"),
            c => safe.push(c),
        }
    }
    safe
}

/// Reads an answer.
pub(super) fn answer(text: &str) -> Told {
    let mut told = Told::default();
    let mut name = String::new();
    // what an item says comes behind the name of its service
    for (element, value) in elements(text) {
        match element {
            "ServiceName" => name = value,
            "ServiceStatus" if !name.is_empty() => {
                let state = value.to_uppercase();
                told.services.push_str(&format!("{name}[{state}]\n"));
                name.clear();
            }
            "ReasonCodeString" if !value.is_empty() && !told.services.is_empty() => {
                told.services.truncate(told.services.trim_end().len());
                told.services.push_str(&format!("  {value}\n"));
            }
            "ReturnCode" if !matches!(value.as_str(), "0" | "") => {
                told.failure.get_or_insert(format!("return code {value}"));
            }
            "ReasonString" if told.failure.is_some() && !value.is_empty() => {
                told.failure = Some(value);
            }
            "faultstring" => told.failure = Some(value),
            _ => {}
        }
    }
    told
}

/// Elements that hold text alone: local name and value.
fn elements(text: &str) -> impl Iterator<Item = (&str, String)> {
    text.split('<').filter_map(|part| {
        let (tag, value) = part.split_once('>')?;
        if tag.starts_with(['/', '?', '!']) || tag.ends_with('/') {
            return None;
        }
        let name = tag.split_ascii_whitespace().next()?;
        let local = name.rsplit(':').next()?;
        Some((local, unescaped(value)))
    })
}

/// A value as text: the five entities every reader knows, no others, no control characters, no
/// brackets that could be taken for those around a state.
fn unescaped(value: &str) -> String {
    let cut: String = value.trim().chars().take(VALUE).collect();
    let plain = cut
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&");
    plain
        .chars()
        .filter(|c| !c.is_control() && !matches!(c, '[' | ']'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_told_as_the_command_line_does() {
        let text = "<ns1:ReturnCode>0</ns1:ReturnCode><ns1:ServiceInfoList><ns1:item>\
            <ns1:ServiceName>Cisco XCP Router</ns1:ServiceName>\
            <ns1:ServiceStatus>Started</ns1:ServiceStatus>\
            <ns1:ReasonCode>-1</ns1:ReasonCode><ns1:ReasonCodeString> </ns1:ReasonCodeString>\
            </ns1:item><ns1:item><ns1:ServiceName>A &amp; B[STARTED]\n</ns1:ServiceName>\
            <ns1:ServiceStatus>Stopped</ns1:ServiceStatus>\
            <ns1:ReasonCodeString>Commanded Out of Service</ns1:ReasonCodeString></ns1:item>";
        let told = answer(text);
        assert_eq!(
            told.services,
            "Cisco XCP Router[STARTED]\nA & BSTARTED[STOPPED]  Commanded Out of Service\n"
        );
        assert_eq!(told.failure, None);
    }

    #[test]
    fn failures_are_told() {
        let text = "<x:ReturnCode>1</x:ReturnCode><x:ReasonString>no such service</x:ReasonString>";
        assert_eq!(answer(text).failure.as_deref(), Some("no such service"));
        let text = "<soapenv:Fault><faultstring>Access denied</faultstring></soapenv:Fault>";
        assert_eq!(answer(text).failure.as_deref(), Some("Access denied"));
    }

    #[test]
    fn values_cannot_leave_their_element() {
        let text = control("imp1a", "Restart", "A</s:item><s:item>B & \"C\"");
        assert!(
            text.contains("<s:item>A&lt;/s:item&gt;&lt;s:item&gt;B &amp; &quot;C&quot;</s:item>")
        );
    }

    #[test]
    fn anything_is_read() {
        for text in [
            "",
            "<",
            "<>",
            "<a",
            "a>b<c>",
            "<ServiceStatus>x</ServiceStatus>",
            "<!--<ServiceName>",
        ] {
            assert_eq!(answer(text).failure, None, "{text}");
        }
    }
}
