//! One file in several businesses and modes: each call has the secrets and grants of its own place.

use std::collections::BTreeMap;

use vestibule::domain::{Mode, Scope};
use vestibule::plugins::Error;
use vestibule::plugins::gateway::config::GatewayConfig;
use vestibule::plugins::grants::Grant;

use super::guest::{self, MANIFEST};
use super::{Host, charge, patient, plain};

#[tokio::test(flavor = "multi_thread")]
async fn each_business_and_mode_has_its_own_secrets_and_grants_of_one_file() {
    let manifest = MANIFEST.replace(
        "secrets = [\"api_key\"]",
        "secrets = [\"api_key\"]\nreveal = [\"api_key\"]",
    );
    let host = Host::limited(&guest::plugin(&manifest, &guest::READS_A_SECRET), patient()).await;
    let place = |id: &str, mode| Scope::new(id.parse().unwrap(), mode);
    let reveal = Grant {
        reveal: vec!["api_key".to_owned()],
        ..Grant::default()
    };
    let config = |secret: Option<&str>, grant: &Grant| GatewayConfig {
        secrets: secret
            .map(|secret| ("api_key".to_owned(), secret.into()))
            .into_iter()
            .collect::<BTreeMap<_, _>>(),
        grant: grant.clone(),
        ..plain()
    };
    let none = Grant::default();
    let places = [
        (
            place("bus_1", Mode::Live),
            Some("sk-live"),
            &reveal,
            "sk-live",
        ),
        (
            place("bus_1", Mode::Test),
            Some("sk-test"),
            &reveal,
            "sk-test",
        ),
        (
            place("bus_2", Mode::Test),
            Some("sk-other"),
            &reveal,
            "sk-other",
        ),
        (
            place("bus_2", Mode::Live),
            Some("sk-hidden"),
            &none,
            "denied",
        ),
        (place("bus_3", Mode::Test), None, &reveal, "missing"),
    ];
    let configs = places.iter().map(|(scope, secret, grant, _)| {
        let key = (scope.clone(), "main".to_owned());
        (key, config(*secret, grant))
    });
    host.plugins.configure(configs.collect());
    let mut calls = Vec::new();
    for _ in 0..20 {
        for (scope, _, _, learns) in &places {
            let gateway = host.plugins.gateway(scope, "main").unwrap();
            let call = tokio::spawn(async move { gateway.charge(&charge("api_key")).await });
            calls.push((call, *learns));
        }
    }
    for (call, learns) in calls {
        match call.await.unwrap().unwrap_err() {
            Error::NotExecuted { reason, .. } => assert_eq!(reason, learns),
            other => panic!("{other}"),
        }
    }
}
