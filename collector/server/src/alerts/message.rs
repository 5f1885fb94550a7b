//! What is said of an alert: as JSON to programs, as a line to a chat.

use coldlight_model::{Alert, AlertEvent, AlertState};
use coldlight_ui::alerts::{condition, figure};
use coldlight_ui::moment::Zone;
use serde_json::{Value, json};

use crate::settings::WebhookForm;

/// The body of a request that tells of `event`.
pub fn body(form: WebhookForm, alert: &Alert, event: &AlertEvent, is_test: bool) -> String {
    match form {
        WebhookForm::Json => whole(alert, event, is_test),
        WebhookForm::Slack => json!({ "text": line(alert, event, is_test) }),
    }
    .to_string()
}

/// `checkout faults is firing: fault rate 6.2%, above 5% over 5 min`
pub fn summary(alert: &Alert, event: &AlertEvent) -> String {
    let how = match (event.from, event.to) {
        (_, AlertState::Firing) => "is firing",
        (AlertState::Firing, AlertState::Ok) => "is well again",
        (AlertState::Firing, AlertState::NoData) => "fired, and now nothing comes any more",
        (_, AlertState::NoData) => "has no data",
        (_, AlertState::Pending) => "may fire soon",
        (_, AlertState::Ok) => "is well",
    };
    let now = event.figure.map(|value| format!("; it is {}", figure(alert.signal, value))).unwrap_or_default();
    format!("{} {how}: {}{now}", event.name, condition(alert))
}

fn whole(alert: &Alert, event: &AlertEvent, is_test: bool) -> Value {
    json!({
        "id": event.id,
        "is_test": is_test,
        "at": Zone::utc().rfc3339(event.at),
        "state": event.to.name(),
        "before": event.from.name(),
        "summary": summary(alert, event),
        "figure": event.figure.map(|value| figure(alert.signal, value)),
        "alert": {
            "id": alert.id, "name": event.name, "of": alert.of.name(), "filter": alert.filter, "signal": alert.signal.name(),
            "window_s": alert.window / 1_000_000_000, "hold_s": alert.hold / 1_000_000_000,
            "above": figure(alert.signal, alert.above), "clear": figure(alert.signal, alert.clear),
        },
    })
}

/// In Slack's markup, in which only three characters mean something in text.
fn line(alert: &Alert, event: &AlertEvent, is_test: bool) -> String {
    let text = summary(alert, event).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mark = match event.to {
        AlertState::Firing => ":red_circle:",
        AlertState::Ok => ":white_check_mark:",
        _ => ":grey_question:",
    };
    format!("{mark} {}{text}", if is_test { "(a test) " } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use coldlight_model::{AlertOf, Signal, Timestamp};

    fn told(form: WebhookForm) -> Value {
        let alert = Alert {
            id: "a1".to_owned(),
            name: "<checkout> faults".to_owned(),
            of: AlertOf::Requests,
            filter: "service:checkout".to_owned(),
            signal: Signal::FaultRate,
            window: 300_000_000_000,
            above: 50_000,
            clear: 20_000,
            ..Alert::default()
        };
        let event = AlertEvent {
            id: "e1".to_owned(),
            alert_id: alert.id.clone(),
            name: alert.name.clone(),
            at: Timestamp::from_millis(1_795_183_500_000),
            from: AlertState::Pending,
            to: AlertState::Firing,
            figure: Some(62_000),
            ..AlertEvent::default()
        };
        serde_json::from_str(&body(form, &alert, &event, false)).unwrap()
    }

    #[test]
    fn a_program_gets_everything_by_name() {
        let told = told(WebhookForm::Json);
        assert_eq!(
            (&told["id"], &told["state"], &told["at"]),
            (&json!("e1"), &json!("firing"), &json!("2026-11-20T14:05:00Z"))
        );
        assert_eq!((&told["figure"], &told["alert"]["above"]), (&json!("6.2%"), &json!("5%")));
    }

    #[test]
    fn a_chat_gets_a_line_in_which_names_mean_nothing() {
        let text = told(WebhookForm::Slack)["text"].as_str().unwrap().to_owned();
        assert!(text.starts_with(":red_circle: &lt;checkout&gt; faults is firing"), "{text}");
        assert!(text.contains("6.2%"), "{text}");
    }
}
