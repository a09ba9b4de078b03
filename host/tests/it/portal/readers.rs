//! A page gets along with one reader of the store. Where one asks for a second while it holds the
//! first, as many of them as there are readers keep the whole host from reading.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use vestibule::domain::payment::{CustomerAction, DeclineCode, Payment, PaymentState};
use vestibule::domain::subscription::{Subscription, SubscriptionState};
use vestibule::flows::{AttemptOf, token};
use vestibule::store::{Round, Setup, SetupState, Step, StepOutcome};

use super::money::declined;
use super::{Guest, House, Page, days};

/// One reader: who waits for a second one waits for itself.
const ONE_READER: [(&str, &str); 1] = [("DATABASE__CONNECTIONS", "1")];
/// Far longer than a page takes, and shorter than one waits for a reader.
const PATIENCE: Duration = Duration::from_secs(25);

const PUPPET: &str = "host/tests/guests/puppet";
const BRANDED: &str = "[test.branding]\nplugin = \"puppet\"\n\
    settings.resolve = '{\"tokens\":{\"light.accent\":\"#7a1fb2\"}}'\n";

impl House {
    async fn soon(&self, request: Request<Body>) -> Page {
        let path = request.uri().to_string();
        let answer = tokio::time::timeout(PATIENCE, self.send(request)).await;
        answer.unwrap_or_else(|_| panic!("{path} waits for a reader while it holds one"))
    }
}

impl Guest<'_> {
    async fn soon(&self, path: &str) -> Page {
        let request = self.request(path).body(Body::empty()).unwrap();
        self.house.soon(request).await
    }

    /// A set-up of a method that waits for the customer's bank.
    async fn setup(&self, subscription: &Subscription) -> Setup {
        let now = self.house.now();
        let setup = Setup {
            id: self.house.cx.new_id(),
            scope: self.house.scope.clone(),
            customer: self.id(),
            subscription: subscription.id.clone(),
            gateway: "sandbox".to_owned(),
            state: SetupState::AwaitingCustomer,
            decline: None,
            action: Some(CustomerAction::Wait),
            expires_at: now + days(1),
            gateway_ref: None,
            method: None,
            return_url: None,
            created_at: now,
            updated_at: now,
            version: 0,
        };
        self.house
            .write(async |tx| tx.insert_setup(&setup).await.unwrap())
            .await;
        setup
    }

    /// One method for all, with which this payment of a subscription was tried.
    pub(super) async fn round(&self, subscription: &Subscription, tried: &Payment) -> Round {
        let now = self.house.now();
        let round = Round {
            id: self.house.cx.new_id(),
            scope: self.house.scope.clone(),
            customer: self.id(),
            method: None,
            setup: None,
            created_at: now,
            ended_at: Some(now),
        };
        let steps = [Step {
            position: 0,
            subscription: subscription.id.clone(),
            quote: None,
            payment: Some(tried.id.clone()),
            outcome: StepOutcome::Tried,
        }];
        self.house
            .write(async |tx| tx.insert_round(&round, &steps).await.unwrap())
            .await;
        round
    }
}

#[tokio::test]
async fn no_page_of_the_portal_asks_for_a_second_reader_while_it_holds_one() {
    let house = House::arranged("[allow]\npause = true\n", &[], &ONE_READER).await;
    let guest = house.guest("Alex").await;
    let basic = house.monthly("Basic", 2_900).await;
    let pro = house.monthly("Pro", 5_900).await;
    house.allow(&[&basic, &pro]);
    let active = guest.paid(&basic, 2_900).await;
    let (held, asked) = (guest.on_hold().await, guest.on_hold().await);
    let over = SubscriptionState::Cancelled { at: house.now() };
    let ended = guest.subscribe(basic, over).await;
    let method = guest.visa().await.to_string();
    guest.license(&active).await;
    let paid = PaymentState::Succeeded { at: house.now() };
    let paid = guest.payment(&active, paid).await;
    let no = declined(&house, DeclineCode::InsufficientFunds);
    let refused = guest.payment(&held, no).await;
    let wait = PaymentState::AwaitingCustomer {
        action: CustomerAction::Wait,
        expires_at: house.now() + days(1),
    };
    let waiting = guest.payment(&asked, wait).await;
    let setup = guest.setup(&active).await;
    let round = guest.round(&held, &refused).await;
    let here = format!("/subscriptions/{}", active.id);
    let owing = format!("/subscriptions/{}", held.id);
    let pages = [
        "/".to_owned(),
        "/subscriptions".to_owned(),
        "/billing".to_owned(),
        "/payment-methods".to_owned(),
        "/license-keys".to_owned(),
        "/profile".to_owned(),
        format!("{here}/cancel"),
        format!("{here}/kept"),
        format!("{here}/pause"),
        format!("{here}/payment-method"),
        format!("{here}/payment-method/done"),
        format!("{here}/plan"),
        format!("{here}/plan?product={pro}"),
        format!("{here}/plan/done"),
        format!("{owing}/cancel"),
        format!("/subscriptions/{}", ended.id),
        format!("/subscriptions/{}/cancelled", ended.id),
        format!("/payments/{}", paid.id),
        format!("/payments/{}/done", paid.id),
        format!("/payments/{}/progress", refused.id),
        format!("/payments/{}/progress", waiting.id),
        format!("/payment-methods/{method}/remove"),
        format!("/setups/{}", setup.id),
        format!("/pay-all/{}", round.id),
        here,
        owing.clone(),
    ];
    let paying = ["/pay-all".to_owned(), format!("{owing}/reactivate")];
    for may_pay in [true, false] {
        house.let_customers(|allow| allow.reactivate = may_pay);
        for path in &pages {
            let page = guest.soon(path).await;
            assert_eq!(page.status, StatusCode::OK, "{path}, paying: {may_pay}");
        }
        let status = if may_pay {
            StatusCode::OK
        } else {
            StatusCode::NOT_FOUND
        };
        for path in &paying {
            assert_eq!(guest.soon(path).await.status, status, "{path}");
        }
        // What is due on it is paid, or told, elsewhere.
        let method = guest.soon(&format!("{owing}/payment-method")).await;
        assert_eq!(method.status, StatusCode::SEE_OTHER);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_does_a_page_for_who_comes_back_from_a_gateway_where_a_plugin_says_how_it_looks() {
    let house = House::arranged(BRANDED, &[PUPPET], &ONE_READER).await;
    let guest = house.guest("Alex").await;
    let subscription = guest.active().await;
    let no = declined(&house, DeclineCode::InsufficientFunds);
    let payment = guest.payment(&subscription, no).await;
    let setup = guest.setup(&subscription).await;
    for (of, page) in [
        (
            AttemptOf::Payment(payment.id.clone()),
            format!("/payments/{}/progress", payment.id),
        ),
        (
            AttemptOf::Setup(setup.id.clone()),
            format!("/setups/{}", setup.id),
        ),
    ] {
        let token = token::returning(&house.cx, &house.scope, &of).unwrap();
        let back = |cookie: &str| {
            let request = Request::builder()
                .uri(format!("/return/{token}/result"))
                .header(header::HOST, "127.0.0.1:8080")
                .header(header::COOKIE, cookie);
            request.body(Body::empty()).unwrap()
        };
        let told = house.soon(back("")).await;
        assert_eq!(told.status, StatusCode::OK, "{of:?}");
        house.soon(back(&guest.cookie)).await.redirects_to(&page);
        assert_eq!(guest.soon(&page).await.status, StatusCode::OK, "{of:?}");
    }
}
