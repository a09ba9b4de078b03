//! Giving money back in the console: what it is with its tax before the button, one refund however
//! often that is pressed, and nothing for those who may only look.

use std::sync::Arc;

use axum::http::StatusCode;
use vestibule::domain::access::Role;
use vestibule::flows::staff;
use vestibule::invoices::Invoices;
use vestibule::themes::Themes;
use vestibule::web::{self, Web};

use crate::access::browser::{Browser, Shown};
use crate::support::world::World;

impl World {
    /// A member of staff with this role, signed in at the console.
    pub(super) async fn staff(&self, role: Role) -> Browser {
        let themes = Arc::new(Themes::load(&self.cx.settings.load().themes.dir).unwrap());
        let invoices = Invoices::new(Arc::clone(&themes));
        let cx = self.cx.clone();
        let mut browser = Browser::new(web::router(Web {
            cx,
            themes,
            invoices,
        }));
        let email = format!("{role}@host.example").parse().unwrap();
        let url = staff::first_link(&self.cx, &email, "Staff").await.unwrap();
        staff::give_role(&self.cx, &email, &self.scope.business, role)
            .await
            .unwrap();
        let path = url.strip_prefix("http://127.0.0.1:8080").unwrap();
        assert_eq!(browser.press(path).await.status, StatusCode::SEE_OTHER);
        browser
    }
}

pub(super) fn says(shown: &Shown, parts: &[&str]) {
    let text: Vec<&str> = shown.body.split_whitespace().collect();
    let text = text.join(" ");
    for part in parts {
        assert!(text.contains(part), "{part}: {text}");
    }
}

/// The value of a hidden field.
fn field(shown: &Shown, name: &str) -> String {
    let page = scraper::Html::parse_document(&shown.body);
    let field = scraper::Selector::parse(&format!("input[name={name}]")).unwrap();
    let found = page.select(&field).next();
    found.unwrap().attr("value").unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_and_then_the_rest_are_given_back_once_each_with_their_tax_shown() {
    for world in World::each().await {
        let (subscription, payment) = world.paid().await;
        let mut browser = world.staff(Role::Manager).await;
        let customer = world.subscription(&subscription).await.customer;
        let room = "/console/bus_lumen/test";
        let page = format!("{room}/payments/{payment}");
        let form = format!("{page}/refund");
        let shown = browser.get(&format!("{room}/customers/{customer}")).await;
        assert!(shown.body.contains(&page), "{}", shown.body);
        says(
            &browser.get(&page).await,
            &["Can be refunded", "was given back"],
        );

        for wrong in [
            "how=part&amount=29.01",
            "how=part&amount=0",
            "how=part&amount=x",
        ] {
            let shown = browser.get(&format!("{form}?{wrong}")).await;
            assert_eq!(shown.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
            assert!(!shown.body.contains("name=\"refund\""), "{wrong}");
        }
        let asked = format!("{form}?how=part&amount=10,00&reason=Not+used");
        let preview = browser.get(&asked).await;
        says(
            &preview,
            &[
                "€10.00",
                "€1.60",
                "(19 %)",
                "Not used",
                "The subscription goes on.",
            ],
        );
        let (refund, minor) = (field(&preview, "refund"), field(&preview, "minor"));
        assert_eq!(minor, "1000");
        let csrf = preview.csrf();
        let fields = [
            ("refund", refund.as_str()),
            ("minor", "1000"),
            ("how", "part"),
            ("amount", "10,00"),
            ("reason", "Not used"),
            ("csrf", csrf.as_str()),
        ];
        for _ in 0..3 {
            let pressed = browser.post(&form, &fields).await;
            assert_eq!(pressed.location(), format!("{page}?refund={refund}"));
        }
        let shown = browser.get(&format!("{page}?refund={refund}")).await;
        says(
            &shown,
            &[
                "The refund is ordered",
                "TEST-CN-000001",
                "€1.60",
                "Not used",
                "€19.00",
            ],
        );
        assert_eq!(world.given_back().await, [1_000]);

        let preview = browser.get(&format!("{form}?how=all&cancel=yes")).await;
        says(&preview, &["€19.00", "The subscription ends at once."]);
        let (refund, csrf) = (field(&preview, "refund"), preview.csrf());
        let fields = [
            ("refund", refund.as_str()),
            ("minor", "1900"),
            ("how", "all"),
            ("cancel", "yes"),
            ("csrf", csrf.as_str()),
        ];
        assert_eq!(
            browser.post(&form, &fields).await.status,
            StatusCode::SEE_OTHER
        );
        assert_eq!(world.given_back().await, [1_000, 1_900]);
        assert!(world.subscription(&subscription).await.state.is_final());
        // Nothing is left, and the page says so.
        let again = [
            ("refund", "ref_01k9z3v6e8q4w2r7t5y1p0s9d8"),
            fields[1],
            fields[2],
            fields[4],
        ];
        let refused = browser.post(&form, &again).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        says(&refused, &["Everything was given back"]);
        assert!(!browser.get(&page).await.body.contains(&form));
        let audit = crate::support::dump::dump(&world.url)
            .await
            .remove("audit")
            .unwrap();
        let made = audit.iter().filter(|row| row.contains("refund.create"));
        assert_eq!(made.count(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_only_look_sees_refunds_and_gives_nothing_back() {
    let world = World::sqlite().await;
    let (_, payment) = world.paid().await;
    let mut browser = world.staff(Role::Reader).await;
    let page = format!("/console/bus_lumen/test/payments/{payment}");
    let form = format!("{page}/refund");
    let shown = browser.get(&page).await;
    assert_eq!(shown.status, StatusCode::OK);
    assert!(!shown.body.contains(&form), "{}", shown.body);
    assert_eq!(browser.get(&form).await.status, StatusCode::NOT_FOUND);
    let csrf = shown.csrf();
    let fields = [
        ("refund", "ref_01k9z3v6e8q4w2r7t5y1p0s9d8"),
        ("minor", "100"),
        ("csrf", csrf.as_str()),
    ];
    let pressed = browser.post(&form, &fields).await;
    assert_eq!(pressed.status, StatusCode::NOT_FOUND);
    let live = format!("/console/bus_lumen/live/payments/{payment}");
    assert_eq!(browser.get(&live).await.status, StatusCode::NOT_FOUND);
    assert!(world.given_back().await.is_empty());
}
