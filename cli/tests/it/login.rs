//! Signing in and out.

use serde_json::Value;

use crate::common::{Machine, Service};

#[tokio::test(flavor = "multi_thread")]
async fn a_code_makes_two_machines_one_user() {
    let service = Service::start().await;
    let machine = service.machine().await;
    let code = service.code_of(&machine).await;
    let other = Machine::new(&service.url());
    // As a browser shows it, with spaces around.
    let shown = format!("{}-{}", &code[..4], &code[4..]);
    let typed = other
        .run_with(&["login", "--json"], &format!(" {shown} \n"))
        .await
        .expect(0);
    let user = |status: Value| status["userId"].as_str().unwrap().to_owned();
    let first = machine.run(&["status", "--json"]).await.expect(0).json();
    assert_eq!(user(typed.json()), user(first));
    // A code works once.
    let again = Machine::new(&service.url())
        .run(&["login", &code, "--json"])
        .await
        .expect(5);
    assert_eq!(again.json()["error"]["code"], "refused");
    assert!(again.stderr.contains("wrong_code"), "{again:?}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn only_the_owner_can_read_the_token() {
    use std::os::unix::fs::PermissionsExt;
    let service = Service::start().await;
    let machine = service.machine().await;
    let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(machine.token_file()), 0o600);
    assert_eq!(mode(machine.path(".config/conversation-store")), 0o700);
    // Also where the file was there before.
    machine.run(&["login", "--new"]).await.expect(0);
    assert_eq!(mode(machine.token_file()), 0o600);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logged_out_user_is_asked_to_log_in() {
    let service = Service::start().await;
    let machine = service.machine().await;
    assert_eq!(
        machine.run(&["logout", "--json"]).await.expect(0).json()["wasSignedIn"],
        true
    );
    for command in [
        &["list"][..],
        &["sync"],
        &["status"],
        &["export"],
        &["search", "x"],
        &["import", "x"],
    ] {
        let run = machine.run(command).await.expect(3);
        assert!(run.stderr.contains("conversation-store login"), "{run:?}");
    }
    assert_eq!(
        machine.run(&["logout", "--json"]).await.expect(0).json()["wasSignedIn"],
        false
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_voided_elsewhere_is_an_error() {
    let service = Service::start().await;
    let machine = service.machine().await;
    service
        .post(
            "/api/session",
            &machine.token(),
            r#"{"action":"signOutEverywhere"}"#,
        )
        .await;
    machine.append("s", &crate::common::lines("s", 0..2));
    machine.run(&["sync"]).await.expect(3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_goes_over_tls_or_stays_on_the_machine() {
    let machine = Machine::new("http://example.com");
    let run = machine.run(&["login", "--new"]).await.expect(1);
    assert!(run.stderr.contains("https://"), "{run:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_token_is_replaced() {
    let service = Service::start().await;
    let machine = service.machine().await;
    let (api, old) = (service.url(), machine.token());
    machine.run(&["list"]).await.expect(0);
    assert_eq!(machine.token(), old);
    let mut accounts: Value =
        serde_json::from_slice(&std::fs::read(machine.token_file()).unwrap()).unwrap();
    accounts["accounts"][&api]["renewedAt"] = 0.into();
    std::fs::write(machine.token_file(), accounts.to_string()).unwrap();
    machine.run(&["list"]).await.expect(0);
    assert_ne!(machine.token(), old);
    machine.run(&["list"]).await.expect(0);
}
