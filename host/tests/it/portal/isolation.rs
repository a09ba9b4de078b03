//! One file of a plugin in several businesses and modes: each has its own memory, settings, customers
//! and events, and nothing of the others'.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use vestibule::domain::content::Content;
use vestibule::domain::extra_page::{PageAnswer, PageRequest, Reader};
use vestibule::domain::id::CustomerId;
use vestibule::domain::{Mode, Scope};
use vestibule::flows::plugin_calls::{self, Called};
use vestibule::plugins::config::PluginConfig;
use vestibule::plugins::grants::Grant;
use vestibule::plugins::pages::Pages;
use vestibule::store::Event;

use super::House;

const PUPPET: &str = "host/tests/guests/puppet";

/// The plugin is one for tests, and here every call finds its turn.
const SETTINGS: [(&str, &str); 2] = [
    ("SERVER__ALLOW_TEST_GATEWAY_IN_LIVE", "true"),
    ("PLUGINS__WAIT", "10m"),
];

/// A business and mode that uses the plugin, with a customer of its own.
struct Tenant {
    scope: Scope,
    customer: CustomerId,
    pages: Pages,
}

impl Tenant {
    /// What the plugin is told here about this customer.
    async fn told_about(&self, customer: &CustomerId) -> String {
        let answer = self.pages.render(&self.request(customer, "/all")).await;
        match answer.unwrap() {
            PageAnswer::Page {
                content: Content::Text(text),
                ..
            } => text,
            other => panic!("{other:?}"),
        }
    }

    fn request(&self, customer: &CustomerId, path: &str) -> PageRequest {
        PageRequest {
            reader: Reader {
                scope: self.scope.clone(),
                customer: customer.clone(),
                home: "/x/strings".to_owned(),
                locale: "en".to_owned(),
                now: jiff::Timestamp::UNIX_EPOCH,
            },
            path: path.to_owned(),
            query: Vec::new(),
        }
    }

    fn email(&self) -> String {
        format!("{}@customer.example.com", self.customer)
    }
}

impl House {
    /// The same plugin in three places; only the first hears of events.
    async fn tenants(&self) -> Vec<Tenant> {
        let scopes = [
            ("bus_lumen", Mode::Test),
            ("bus_lumen", Mode::Live),
            ("bus_other", Mode::Test),
        ];
        let scopes = scopes.map(|(id, mode)| Scope::new(id.parse().unwrap(), mode));
        let config = |scope: &Scope| PluginConfig {
            plugin: "puppet".to_owned(),
            settings: [("word".to_owned(), scope.to_string().into())].into(),
            secrets: BTreeMap::new(),
            grant: Grant {
                data: vec!["customer.profile".to_owned()],
                store: true,
                events: if *scope == scopes[0] {
                    vec!["subscription.active".to_owned()]
                } else {
                    Vec::new()
                },
                ..Grant::default()
            },
        };
        let configs = scopes.iter().map(|scope| {
            let key = (scope.clone(), "strings".to_owned());
            (key, config(scope))
        });
        self.cx.plugins.furnish(configs.collect());
        // Nothing of the kind was configured when the host started, which waited for nothing.
        self.cx.plugins.reload().await;
        let sample = self.guest("Alex").await.customer;
        let mut tenants = Vec::new();
        for scope in scopes {
            let id: CustomerId = self.cx.new_id();
            let mut customer = sample.clone();
            customer.email = format!("{id}@customer.example.com").parse().unwrap();
            customer.id = id.clone();
            customer.scope = scope.clone();
            self.write(async |tx| tx.insert_customer(&customer).await.unwrap())
                .await;
            let pages = self.cx.plugins.pages(&scope, "strings").unwrap().unwrap();
            tenants.push(Tenant {
                scope,
                customer: id,
                pages,
            });
        }
        tenants
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_file_in_two_businesses_and_modes_shows_nobody_what_is_the_others() {
    let house = House::arranged("", &[PUPPET], &SETTINGS).await;
    let tenants = house.tenants().await;
    for tenant in &tenants {
        let request = tenant.request(&tenant.customer, "/keep");
        let owner = [("owner".to_owned(), tenant.scope.to_string())];
        tenant.pages.submit(&request, &owner).await.unwrap();
    }
    // All at once, many times: calls of one are never calls of another.
    let asked = (0..20).flat_map(|_| &tenants).map(async |tenant| {
        let told = tenant.told_about(&tenant.customer).await;
        for other in &tenants {
            let own = other.scope == tenant.scope;
            assert_eq!(
                told.contains(&format!("owner={}", other.scope)),
                own,
                "{told}"
            );
            assert_eq!(told.contains(&format!("word \"{}\"", other.scope)), own);
            assert_eq!(told.contains(&other.email()), own, "{told}");
        }
    });
    join_all(asked).await;
    // Even a host that asked about somebody else's customer would tell nothing.
    for (tenant, other) in tenants.iter().zip(tenants.iter().cycle().skip(1)) {
        let told = tenant.told_about(&other.customer).await;
        assert!(
            told.contains("profile Err(DataError::Unavailable)"),
            "{told}"
        );
        assert!(!told.contains(&other.email()), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_told_only_where_it_happened_and_may_be_heard() {
    let house = House::arranged("", &[PUPPET], &SETTINGS).await;
    let tenants = house.tenants().await;
    let event = Event {
        id: house.cx.new_id(),
        kind: "subscription.active".to_owned(),
        object: "sub_1".to_owned(),
        occurred_at: house.now(),
    };
    let cx = &house.cx;
    // It happened in the second place, where the plugin may not hear of it.
    let (first, second) = (&tenants[0], &tenants[1]);
    house
        .write(async |tx| {
            let told = vestibule::flows::delivery::tell(cx, tx, &second.scope, &event).await;
            told.unwrap();
        })
        .await;
    for tenant in &tenants {
        let called = plugin_calls::tell(cx, &tenant.scope, &event.id, "strings").await;
        assert_eq!(called.unwrap(), Called::Done);
        let told = tenant.told_about(&tenant.customer).await;
        assert!(!told.contains("sub_1"), "{}: {told}", tenant.scope);
    }
    let own = Event {
        id: house.cx.new_id(),
        ..event
    };
    house
        .write(async |tx| {
            let told = vestibule::flows::delivery::tell(cx, tx, &first.scope, &own).await;
            told.unwrap();
        })
        .await;
    for tenant in &tenants {
        let called = plugin_calls::tell(cx, &tenant.scope, &own.id, "strings").await;
        assert_eq!(called.unwrap(), Called::Done);
        let told = tenant.told_about(&tenant.customer).await;
        let here = tenant.scope == first.scope;
        assert_eq!(told.contains("=subscription.active sub_1"), here, "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_call_may_write_a_hundred_times_and_the_next_one_may_again() {
    let house = House::arranged("", &[PUPPET], &SETTINGS).await;
    let [tenant, _, _] = house.tenants().await.try_into().ok().unwrap();
    let request = tenant.request(&tenant.customer, "/keep");
    let keep = async |from: usize, count: usize| {
        let fields =
            (from..from + count).map(|number| (format!("key-{number:03}"), "x".to_owned()));
        let fields: Vec<_> = fields.collect();
        tenant.pages.submit(&request, &fields).await.map(drop)
    };
    keep(0, 60).await.unwrap();
    // The hundred and first is refused, and those before it are there.
    let error = keep(500, 101).await.unwrap_err().to_string();
    assert!(error.contains("Unavailable"), "{error}");
    let mut tx = house.cx.store.read().await.unwrap();
    let kept = tx
        .plugin_values(&tenant.scope, "puppet", "", "", 1000)
        .await;
    let kept: Vec<_> = kept.unwrap().into_iter().map(|entry| entry.key).collect();
    drop(tx);
    assert_eq!(kept.len(), 160);
    assert_eq!(kept.last().unwrap(), "key-599");
    keep(700, 100).await.unwrap();
}
