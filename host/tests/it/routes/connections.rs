//! A request gets along with one connection. Where one asks for a second while it holds the first,
//! as many of them as there are connections keep the whole host waiting.

use std::sync::Arc;
use std::time::Duration;

use super::cards::{named, named_by_card};
use super::people::Person;
use super::table::{Kind, ROUTES, Route};
use super::town::Town;

/// Far longer than a request takes, and shorter than one waits for a connection.
const PATIENCE: Duration = Duration::from_secs(25);

/// What an id stands for behind these parts of a path.
const NOUNS: &[(&str, &str)] = &[
    ("subscriptions", "subscription"),
    ("payments", "payment"),
    ("reconciliation", "payment"),
    ("setups", "setup"),
    ("pay-all", "round"),
    ("invoices", "invoice"),
    ("payment-methods", "method"),
    ("license-keys", "license"),
    ("customers", "customer"),
    ("webhooks", "webhook"),
];

/// The path of a route with what is Ada's, as far as she has it.
fn hers(route: &Route, ada: &Person) -> String {
    let mut path = route
        .path
        .replace("{business}", "bus_lumen")
        .replace("{mode}", "live")
        .replace("{instance}", "{device}")
        .replace("/link/{token}", "/link/{link}")
        .replace("/email/{token}", "/email/{proof}");
    for (noun, kind) in NOUNS {
        path = path.replace(&format!("/{noun}/{{id}}"), &format!("/{noun}/{{{kind}}}"));
    }
    named_by_card(&named(&path, ada), "none")
}

impl Town {
    async fn soon(&self, ada: &Person, route: &Route) {
        let path = hers(route, ada);
        let own = &ada.things[&Kind::Product];
        let body = named(route.body, ada)
            .replace("{own-product}", own)
            .replace("{quote}", &self.quote(ada).await);
        let answer = self.ask(ada, route.on, route.verb, &path, &body);
        let answer = tokio::time::timeout(PATIENCE, answer).await;
        assert!(
            answer.is_ok(),
            "{}: {} {path} waits for a connection while it holds one",
            self.name,
            route.verb
        );
    }

    fn let_customers_pay(&self, may: bool) {
        let mut settings = (**self.cx.settings.load()).clone();
        for business in settings.businesses.values_mut() {
            business.allow.reactivate = may;
        }
        self.cx.settings.store(Arc::new(settings));
    }
}

#[tokio::test]
async fn no_route_asks_for_a_second_connection_while_it_holds_one() {
    for town in Town::each_with(1).await {
        let ada = &town.people[0];
        let (reading, writing): (Vec<&Route>, Vec<&Route>) =
            ROUTES.iter().partition(|route| route.verb == "GET");
        for may_pay in [false, true] {
            town.let_customers_pay(may_pay);
            for route in &reading {
                town.soon(ada, route).await;
            }
        }
        // What signs somebody out comes last.
        let (out, writing): (Vec<&Route>, Vec<&Route>) = writing
            .into_iter()
            .partition(|route| route.path == "/sign-out");
        for route in writing.iter().chain(&out) {
            town.soon(ada, route).await;
        }
    }
}
