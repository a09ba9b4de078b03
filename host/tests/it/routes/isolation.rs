//! What belongs to another customer, another business or the other mode is answered exactly as
//! what never was, on every route, and nothing happens.

use axum::http::StatusCode;
use vestibule::flows::{reactivation, token};

use super::inside::INSIDE;
use super::people::Person;
use super::table::{Kind, On, ROUTES, Route, Takes};
use super::town::{Answer, Town};

/// An id of the same kind that nobody has.
fn never(id: &str) -> String {
    match id.rsplit_once('_') {
        Some((prefix, _)) => format!("{prefix}_01k00000000000000000000000"),
        None => "never-was-a-secret".to_owned(),
    }
}

/// The answer without what differs from one request to the next, and without the ids it named.
fn shape(answer: &Answer, named: &[String]) -> String {
    let request = answer.headers.get("x-request-id").unwrap();
    let mut body = answer.body.replace(request.to_str().unwrap(), "REQUEST");
    for id in named {
        body = body.replace(id.as_str(), "ID");
    }
    for attribute in ["nonce=\"", "datetime=\""] {
        while let Some(at) = body.find(attribute) {
            let value = at + attribute.len();
            let end = value + body[value..].find('"').unwrap() + 1;
            body.replace_range(at..end, "");
        }
    }
    let location = answer.headers.get("location");
    let mut location = location.map_or("", |at| at.to_str().unwrap()).to_owned();
    for id in named {
        location = location.replace(id.as_str(), "ID");
    }
    format!("{} {location}\n{body}", answer.status)
}

fn filled(path: &str, ids: &[String]) -> String {
    let mut ids = ids.iter();
    let part = |part: &str| {
        if part.starts_with('{') {
            ids.next().unwrap().clone()
        } else {
            part.to_owned()
        }
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

impl Town {
    /// Whether `person` may see what `other` has: a key sees its whole business and mode.
    fn may_see(on: On, person: &Person, other: &Person) -> bool {
        let same = person.customer.scope == other.customer.scope;
        match on {
            On::Api => same,
            _ => person.customer.id == other.customer.id,
        }
    }

    pub(super) async fn quote(&self, person: &Person) -> String {
        let scope = &person.customer.scope;
        let id = person.things[&Kind::Subscription].parse().unwrap();
        let quote = reactivation::quote(&self.cx, scope, &id).await.unwrap();
        quote.map(|quote| quote.id).unwrap_or_default()
    }

    async fn press(&self, person: &Person, route: &Route, ids: &[String]) -> (Answer, String) {
        let quote = self.quote(person).await;
        let body = route
            .body
            .replace("{quote}", &quote)
            .replace("{own-product}", &person.things[&Kind::Product]);
        let path = filled(route.path, ids);
        let answer = self.ask(person, route.on, route.verb, &path, &body).await;
        let shape = shape(&answer, ids);
        (answer, shape)
    }

    /// Tries `ids` of somebody else in place of the caller's wherever they fit.
    async fn try_path(&self, person: &Person, route: &Route, kinds: &[Kind]) {
        let own: Vec<String> = kinds
            .iter()
            .map(|kind| person.things[kind].clone())
            .collect();
        let not_found = matches!(route.takes, Takes::Own(_));
        for part in 1..(1 << kinds.len()) {
            let mix = |other: &dyn Fn(Kind) -> String| -> Vec<String> {
                let one = |(place, kind): (usize, &Kind)| match part >> place & 1 {
                    1 => other(*kind),
                    _ => own[place].clone(),
                };
                kinds.iter().enumerate().map(one).collect()
            };
            let unknown = mix(&|kind| never(&person.things[&kind]));
            let (answer, unknown) = self.press(person, route, &unknown).await;
            if not_found {
                assert_eq!(answer.status, StatusCode::NOT_FOUND, "{route:?}");
            }
            let whole = part == (1 << kinds.len()) - 1;
            for other in &self.people {
                let mine = other.customer.id == person.customer.id;
                if mine || (whole && Self::may_see(route.on, person, other)) {
                    continue;
                }
                let ids = mix(&|kind| other.things[&kind].clone());
                let (_, found) = self.press(person, route, &ids).await;
                assert_eq!(found, unknown, "{}: {route:?} with {ids:?}", self.name);
            }
        }
    }

    /// Tries things of the caller that are of another kind.
    async fn try_kinds(&self, person: &Person, route: &Route, kinds: &[Kind]) {
        for (kind, thing) in &person.things {
            if kinds.contains(kind) || matches!(kind, Kind::Link | Kind::Proof) {
                continue;
            }
            let ids: Vec<String> = kinds.iter().map(|_| thing.clone()).collect();
            let (answer, _) = self.press(person, route, &ids).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{route:?} {ids:?}");
        }
    }

    /// Tries the secrets of links on portals that they are not for.
    async fn try_secret(&self, person: &Person, route: &Route, kind: Kind) {
        let unknown = [never("secret")];
        let (_, unknown) = self.press(person, route, &unknown).await;
        for other in &self.people {
            if other.customer.scope != person.customer.scope {
                let secret = [other.things[&kind].clone()];
                let (_, found) = self.press(person, route, &secret).await;
                assert_eq!(found, unknown, "{}: {route:?}", self.name);
            }
        }
    }

    /// Tries rooms that are not those of Lumen's staff, and customers in rooms that they are not in.
    async fn try_rooms(&self, route: &Route) {
        let staff = &self.people[0];
        let takes_id = route.path.contains("{id}");
        for other in &self.people {
            let (scope, id) = (&other.customer.scope, other.customer.id.to_string());
            for (business, mode) in [
                ("bus_lumen", "live"),
                ("bus_lumen", "test"),
                ("bus_harbour", "live"),
                ("bus_harbour", "test"),
            ] {
                let here = scope.business.as_str() == business && scope.mode.as_str() == mode;
                let open = business == "bus_lumen" && (here || !takes_id);
                if open {
                    continue;
                }
                let mut ids = vec![business.to_owned(), mode.to_owned()];
                let mut unknown = ids.clone();
                if business == "bus_harbour" {
                    "bus_nobody".clone_into(&mut unknown[0]);
                }
                if takes_id {
                    ids.push(id.clone());
                    unknown.push(never(&id));
                }
                let (answer, unknown) = self.press(staff, route, &unknown).await;
                assert_eq!(answer.status, StatusCode::NOT_FOUND);
                let (_, found) = self.press(staff, route, &ids).await;
                assert_eq!(found, unknown, "{}: {route:?} with {ids:?}", self.name);
            }
        }
    }

    async fn inside(
        &self,
        person: &Person,
        place: &(On, &str, &str, &str),
        other: &dyn Fn(&Kind) -> String,
    ) -> String {
        let (on, verb, path, body) = place;
        let quote = self.quote(person).await;
        let mut named = Vec::new();
        let mut fill = |text: &str| {
            let mut text = text.replace("{quote}", &quote);
            for (kind, own) in &person.things {
                let word = format!("{kind:?}").to_lowercase();
                let slot = format!("{{other-{word}}}");
                if text.contains(&slot) {
                    named.push(other(kind));
                    text = text.replace(&slot, &other(kind));
                }
                text = text.replace(&format!("{{own-{word}}}"), own);
            }
            text
        };
        let (path, body) = (fill(path), fill(body));
        let answer = self.ask(person, *on, verb, &path, &body).await;
        shape(&answer, &named)
    }
}

#[tokio::test]
async fn what_is_somebody_elses_is_answered_as_what_never_was_on_every_route() {
    for town in Town::each().await {
        let before = town.everything().await;
        for route in ROUTES {
            for person in &town.people {
                match route.takes {
                    Takes::Own(kinds) | Takes::Alike(kinds, _) => {
                        town.try_path(person, route, kinds).await;
                    }
                    Takes::Secret(kind) => town.try_secret(person, route, kind).await,
                    Takes::Room | Takes::Nothing(_) => {}
                }
            }
            match route.takes {
                Takes::Own(kinds) => town.try_kinds(&town.people[0], route, kinds).await,
                Takes::Room => town.try_rooms(route).await,
                _ => {}
            }
        }
        let after = town.everything().await;
        assert_eq!(after, before, "{}: something happened", town.name);
        assert!(town.sandbox.ledger().await.is_empty());
        assert!(!town.folder().join("mailbox").exists());

        // And the same requests do work for those whose things they name.
        let ada = &town.people[2];
        // Looking and changing come first: what the rest does may take things away.
        let mut routes: Vec<&Route> = ROUTES.iter().collect();
        routes.sort_by_key(|route| match route.verb {
            "GET" => 0,
            "PATCH" => 1,
            _ => 2,
        });
        for route in routes {
            if let Takes::Own(kinds) | Takes::Alike(kinds, _) = route.takes {
                let ids: Vec<String> = kinds.iter().map(|kind| ada.things[kind].clone()).collect();
                let (answer, shape) = town.press(ada, route, &ids).await;
                assert_ne!(answer.status, StatusCode::NOT_FOUND, "{route:?}: {shape}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_somebody_elses_helps_nobody_in_a_body_or_a_query() {
    for town in Town::each().await {
        let before = town.everything().await;
        for place in INSIDE {
            for person in &town.people {
                let unknown = town
                    .inside(person, place, &|kind| never(&person.things[kind]))
                    .await;
                let own = |other: &Person| {
                    let visible = place.0 == On::Api && !place.3.contains("type");
                    person.customer.id == other.customer.id
                        || (visible && person.customer.scope == other.customer.scope)
                };
                for other in town.people.iter().filter(|other| !own(other)) {
                    let found = town
                        .inside(person, place, &|kind| other.things[kind].clone())
                        .await;
                    assert_eq!(found, unknown, "{}: {place:?}", town.name);
                }
            }
        }
        let after = town.everything().await;
        assert_eq!(after, before, "{}: something happened", town.name);
        assert!(town.sandbox.ledger().await.is_empty());

        let ada = &town.people[2];
        for place in INSIDE {
            let unknown = town
                .inside(ada, place, &|kind| never(&ada.things[kind]))
                .await;
            let own = town
                .inside(ada, place, &|kind| ada.things[kind].clone())
                .await;
            assert_ne!(own, unknown, "{place:?} tells nothing");
        }
    }
}

#[tokio::test]
async fn lists_and_pages_show_nothing_of_anybody_else() {
    for town in Town::each().await {
        for route in ROUTES {
            let lists = route.verb == "GET" && matches!(route.on, On::Portal | On::Api);
            if !lists || !matches!(route.takes, Takes::Nothing(_)) {
                continue;
            }
            for person in &town.people {
                let path = format!("{}?page_size=100", route.path);
                let shown = town.ask(person, route.on, "GET", &path, "").await.body;
                for other in &town.people {
                    if Town::may_see(route.on, person, other) {
                        continue;
                    }
                    let names = [other.customer.email.as_str(), &other.customer.name];
                    for thing in names
                        .into_iter()
                        .chain(other.things.values().map(String::as_str))
                    {
                        assert!(!shown.contains(thing), "{route:?} shows {thing}");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn a_token_of_one_row_opens_no_other() {
    let [town, _] = Town::each().await;
    let before = town.everything().await;
    let ada = &town.people[0];
    let payment = |person: &Person| person.things[&Kind::Payment].parse().unwrap();
    let pay = token::pay(&town.cx, &ada.customer.scope, &payment(ada));
    let (_, mac) = pay.rsplit_once('.').unwrap();
    let unknown = "bus_lumen.live.pay_01k00000000000000000000000.x".to_owned();
    for other in &town.people[1..] {
        let scope = &other.customer.scope;
        let row = |scope: &vestibule::domain::Scope, id: &str| {
            format!("{}.{}.{id}.{mac}", scope.business, scope.mode)
        };
        let (id, setup) = (&other.things[&Kind::Payment], &other.things[&Kind::Setup]);
        for forged in [
            row(scope, id),
            row(&ada.customer.scope, id),
            row(&ada.customer.scope, setup),
            // A token of one page on another.
            token::pay(&town.cx, scope, &payment(other)),
        ] {
            for route in ROUTES.iter().filter(|route| route.on == On::Host) {
                let own_page = route.path.starts_with("/pay/");
                let whole = !forged.ends_with(mac);
                if !route.path.contains("{token}") || (own_page && whole) {
                    continue;
                }
                let (_, unknown) = town.press(ada, route, std::slice::from_ref(&unknown)).await;
                let (answer, found) = town.press(ada, route, std::slice::from_ref(&forged)).await;
                assert_eq!(found, unknown, "{route:?} {forged}");
                assert_eq!(answer.status, StatusCode::NOT_FOUND);
            }
        }
        let signed = |of: &Person, name: &Person| {
            let scope = &of.customer.scope;
            let url = vestibule::wire::load::invoice_url(&town.cx, scope, &payment(of));
            let query = url.split_once('?').unwrap().1.to_owned();
            format!("/invoices/payments/{}?{query}", name.things[&Kind::Payment])
        };
        let crossed = town.ask(ada, On::Api, "GET", &signed(ada, other), "").await;
        assert_eq!(crossed.status, StatusCode::NOT_FOUND);
        let own = town.ask(ada, On::Api, "GET", &signed(ada, ada), "").await;
        assert_eq!(own.status, StatusCode::OK);
    }
    assert_eq!(town.everything().await.len(), before.len());
}
