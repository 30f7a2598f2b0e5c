//! Which address a call is counted for.

use crate::deployment::Deployment;
use crate::http::Response;
use crate::on_every_deployment;

on_every_deployment! {
    forged_addresses_do_not_count_apart:
        "Sessions, device codes and shares are limited per address. The address is in `x-real-ip`, which the platform \
         has to set itself, whatever the client sent (`address` in src/http/request.rs): otherwise there is no limit.",
        but embedded: "nothing before the local server sets the headers",
        but redis: "nothing before the local server sets the headers";
}

/// How often it is tried to have all sessions in one minute.
const TRIES: usize = 3;

async fn forged_addresses_do_not_count_apart(deployment: &Deployment) {
    for _ in 0..TRIES {
        let mut counted = Vec::new();
        for address in ["192.0.2.1", "192.0.2.2", "192.0.2.3"] {
            let forged = [("x-real-ip", address), ("x-forwarded-for", address)];
            let response = deployment.begin_session(&forged).await;
            assert_eq!(response.status, 201, "{}", response.text());
            let number = |name| number_in(&response, name);
            counted.push((number("ratelimit-remaining"), number("ratelimit-reset")));
        }
        let is_one_minute = counted.windows(2).all(|pair| pair[1].1 <= pair[0].1);
        if !is_one_minute {
            continue;
        }
        // Other calls may be counted meanwhile, so it decreases by one or more.
        let goes_down = counted.windows(2).all(|pair| pair[1].0 < pair[0].0);
        assert!(
            goes_down,
            "each address has a count of its own: {counted:?}"
        );
        return;
    }
    panic!("three sessions never fell into one minute");
}

#[track_caller]
fn number_in(response: &Response, name: &str) -> u64 {
    response.required_header(name).parse().unwrap()
}
