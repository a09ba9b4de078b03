//! One file in several businesses and modes: each call has the secrets and grants of its own place,
//! and what strangers send has no place before it.

use std::collections::BTreeMap;

use tokio::task::JoinSet;
use vestibule::domain::{Mode, Scope};
use vestibule::plugins::Error;
use vestibule::plugins::gateway::answer::Outcome;
use vestibule::plugins::gateway::config::GatewayConfig;
use vestibule::plugins::gateway::news::WebhookError;
use vestibule::plugins::gateway::request::Delivery;
use vestibule::plugins::grants::Grant;

use super::guest::{self, MANIFEST};
use super::servers::listener;
use super::{Host, charge, config, patient, plain};

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

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_of_strangers_leave_charges_their_turns_and_wait_in_a_short_line() {
    let host = Host::limited(&guest::hearing(), patient()).await;
    let (listener, origin) = listener().await;
    let server = tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((connection, _)) = listener.accept().await {
            open.push(connection);
        }
    });
    let gateway = host.gateway(config(&origin, true));
    let delivery = Delivery {
        headers: Vec::new(),
        query: Vec::new(),
        body: origin.clone().into_bytes(),
        received_at: jiff::Timestamp::UNIX_EPOCH,
    };
    let mut deliveries = JoinSet::new();
    for _ in 0..200 {
        let (gateway, delivery) = (gateway.clone(), delivery.clone());
        deliveries.spawn(async move { gateway.parse_webhook(&delivery).await.map(drop) });
    }
    // Four are asked about at the server, which says nothing; 64 wait, and all others are told at
    // once to come again.
    for _ in 0..200 - 68 {
        let turned_away = deliveries.join_next().await.unwrap().unwrap().unwrap_err();
        let WebhookError::Plugin(Error::NotExecuted { reason, .. }) = turned_away else {
            panic!("{turned_away:?}")
        };
        assert!(reason.contains("too many wait"), "{reason}");
    }
    let mut charges = JoinSet::new();
    for number in 0..20 {
        let gateway = gateway.clone();
        let request = charge(&format!("pay_{number}"));
        charges.spawn(async move { gateway.charge(&request).await });
    }
    for charged in charges.join_all().await {
        assert_eq!(charged.unwrap().outcome, Outcome::Succeeded);
    }
    assert_eq!(deliveries.len(), 68);

    // When the server is gone all that waited are looked at, and what comes again is.
    server.abort();
    for looked_at in deliveries.join_all().await {
        assert!(matches!(looked_at, Err(WebhookError::BadSignature)));
    }
    let again = gateway.parse_webhook(&delivery).await;
    assert!(matches!(again, Err(WebhookError::BadSignature)));
}
