//! What customers choose about a plan, where the business lets them: how many, add-ons, a discount
//! code. And a change that waits for the next date.

use std::sync::Arc;

use axum::http::StatusCode;
use vestibule::domain::addon::Addon;
use vestibule::domain::discount::{Discount, DiscountKind, Eligibility};
use vestibule::domain::id::{AddonId, SubscriptionId};
use vestibule::domain::payment::Initiator;
use vestibule::domain::plan::OnFailure;
use vestibule::domain::proration::Mode;
use vestibule::domain::subscription::Subscription;
use vestibule::flows::plan_change::{self, Order, Wish};

use super::{House, euro};

impl House {
    /// Lets customers choose about those products.
    fn let_choose(&self, quantity_up_to: Option<u32>, addons: &[AddonId], codes: bool) {
        let mut settings = (**self.cx.settings.load()).clone();
        for business in settings.businesses.values_mut() {
            let rules = &mut business.plan_change;
            rules.quantity_up_to = quantity_up_to;
            rules.addons = addons.to_vec();
            rules.codes = codes;
        }
        self.cx.settings.store(Arc::new(settings));
    }

    /// Whether customers may change their plan at all.
    fn let_change(&self, allowed: bool) {
        let mut settings = (**self.cx.settings.load()).clone();
        for business in settings.businesses.values_mut() {
            business.allow.plan_change = allowed;
        }
        self.cx.settings.store(Arc::new(settings));
    }

    /// An add-on at 5.00 and a code for 10 % off.
    async fn extras(&self) -> (AddonId, String) {
        let now = self.now();
        let addon = Addon {
            id: self.cx.new_id(),
            scope: self.scope.clone(),
            name: "Seats".to_owned(),
            description: None,
            price: euro(500),
            tax_category: "saas".to_owned(),
            created_at: now,
            updated_at: now,
        };
        let discount = Discount {
            id: self.cx.new_id(),
            scope: self.scope.clone(),
            code: "TENOFF".to_owned(),
            name: None,
            kind: DiscountKind::Percentage,
            amount: 1_000,
            options: Vec::new(),
            restricted_to: Vec::new(),
            eligibility: Eligibility::Any,
            usage_limit: None,
            per_customer_limit: None,
            times_used: 0,
            cycles: None,
            preserve: false,
            starts_at: None,
            expires_at: None,
            metadata: "{}".to_owned(),
            created_at: now,
            deleted_at: None,
        };
        self.write(async |tx| {
            tx.insert_addon(&addon).await.unwrap();
            tx.insert_discount(&discount).await.unwrap();
        })
        .await;
        (addon.id, discount.code)
    }

    async fn subscription(&self, id: &SubscriptionId) -> Subscription {
        let mut tx = self.cx.store.read().await.unwrap();
        let found = tx.subscription(&self.scope, id).await.unwrap();
        found.unwrap()
    }
}

#[tokio::test]
async fn quantity_add_ons_and_code_are_chosen_as_far_as_the_business_lets_them() {
    let house = House::open().await;
    let guest = house.guest("Alex").await;
    let (basic, other) = (
        house.monthly("Basic", 2_900).await,
        house.monthly("Other", 100).await,
    );
    let (addon, discount) = house.extras().await;
    let subscription = guest.paid(&basic, 2_900).await;
    let plan = format!("/subscriptions/{}/plan", subscription.id);
    house.allow(&[&basic]);
    assert_eq!(
        guest.get(&plan).await.status,
        StatusCode::SEE_OTHER,
        "there is nothing to choose"
    );
    house.let_choose(Some(5), std::slice::from_ref(&addon), true);
    let page = guest.get(&plan).await;
    page.leads_to(&format!("{plan}?product={basic}"));
    let look = format!("{plan}?product={basic}");
    let form = guest.get(&look).await;
    for sentence in ["How many Basic", "Up to 5", "Seats", "Discount code"] {
        form.says(sentence);
    }
    assert!(!form.html.contains("Total"), "nothing was chosen yet");
    let es = guest.get_in("es", &look).await;
    es.says("Código de descuento");

    // A third of the period is left: two more Basic, two Seats at 5.00, and 10 % off it all.
    let chosen = format!("{look}&quantity=3&addon-{addon}=2&code={discount}");
    let page = guest.get(&chosen).await;
    assert_eq!(page.status, StatusCode::OK);
    page.says("Total €19.43");
    let foreign = guest.get(&format!("{plan}?product={other}")).await;
    assert_eq!(foreign.status, StatusCode::NOT_FOUND);

    for (wrong, says) in [
        ("quantity=6", "Please choose numbers within the limits."),
        ("quantity=0", "Please choose numbers within the limits."),
        ("quantity=two", "Please choose numbers within the limits."),
        ("code=NOSUCHCODE", "This code cannot be used here."),
    ] {
        let page = guest.get(&format!("{look}&{wrong}")).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        page.says(says);
        assert!(!page.html.contains("name=\"quote\""), "{wrong}");
    }

    // What is not allowed is not obeyed, whatever the address says.
    house.let_choose(None, &[], false);
    let page = guest.get(&chosen).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn what_was_chosen_is_what_is_charged_and_nothing_else_goes_with_the_button() {
    let house = House::open().await;
    let guest = house.guest("Alex").await;
    let basic = house.monthly("Basic", 2_900).await;
    let (addon, _) = house.extras().await;
    house.allow(&[&basic]);
    house.let_choose(Some(5), std::slice::from_ref(&addon), true);
    let mut subscription = guest.paid(&basic, 2_900).await;
    subscription.method = Some(guest.visa().await);
    house
        .write(async |tx| tx.save_subscription(&mut subscription).await.unwrap())
        .await;
    let plan = format!("/subscriptions/{}/plan", subscription.id);
    let page = guest
        .get(&format!(
            "{plan}?product={basic}&quantity=2&addon-{addon}=1"
        ))
        .await;
    page.says("Pay €11.33 and switch");
    for field in [
        format!("name=\"product\" value=\"{basic}\""),
        "name=\"quantity\" value=\"2\"".to_owned(),
        format!("name=\"addon-{addon}\" value=\"1\""),
    ] {
        assert!(page.html.contains(&field), "{field}: {}", page.html);
    }
    // The price was shown for two; three are not had for it.
    let forged = super::Page {
        html: page.html.replace(
            "name=\"quantity\" value=\"2\"",
            "name=\"quantity\" value=\"3\"",
        ),
        ..page
    };
    let answer = guest.press(&forged, &plan, &[]).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    answer.says("Pay €21.00 and switch");
    let after = house.subscription(&subscription.id).await;
    assert_eq!(after.quantity, 1);
}

#[tokio::test]
async fn a_change_that_is_to_come_is_shown_and_can_be_taken_back() {
    let house = House::open().await;
    let guest = house.guest("Alex").await;
    let (basic, pro) = (
        house.monthly("Basic", 2_900).await,
        house.monthly("Pro", 5_900).await,
    );
    let subscription = guest.paid(&basic, 2_900).await;
    let here = format!("/subscriptions/{}", subscription.id);
    let (undo, kept) = (format!("{here}/plan/keep"), format!("{here}/kept"));
    let schedule = async || {
        let wish = Wish {
            product: pro.clone(),
            quantity: 2,
            addons: Vec::new(),
            codes: None,
            mode: Mode::Prorated,
            at_next_date: true,
            on_failure: OnFailure::Prevent,
            replaces_scheduled: false,
        };
        let order = Order {
            change: house.cx.new_id(),
            payment: house.cx.new_id(),
            quote: None,
            initiator: Initiator::Unscheduled,
            metadata: None,
        };
        plan_change::start(&house.cx, &house.scope, &subscription.id, wish, order)
            .await
            .unwrap();
    };
    schedule().await;
    let page = guest.get(&here).await;
    page.says("your plan changes to Pro × 2: €118.00 per month");
    assert!(!page.html.contains(&undo), "it is the merchant's business");

    house.allow(&[&basic, &pro]);
    let page = guest.get(&here).await;
    house.let_change(false);
    let late = guest.press(&page, &undo, &[]).await;
    assert_eq!(late.status, StatusCode::NOT_FOUND);
    house.let_change(true);
    guest
        .get_in("es", &here)
        .await
        .says("Conservar mi plan actual");
    let plan = format!("{here}/plan");
    guest.get(&plan).await.says("A change is on its way");
    guest
        .get(&format!("{plan}?product={pro}"))
        .await
        .says("takes the place of the change");
    let page = guest.get(&here).await;
    guest.press(&page, &undo, &[]).await.redirects_to(&kept);
    guest
        .get(&kept)
        .await
        .says("Your Basic subscription goes on");
    let page = guest.get(&here).await;
    assert!(!page.html.contains(&undo), "{}", page.html);
    // The old page, pressed again.
    schedule().await;
    let page = guest.get(&here).await;
    guest.press(&page, &undo, &[]).await.redirects_to(&kept);
    guest.press(&page, &undo, &[]).await.redirects_to(&here);
}

#[tokio::test]
async fn codes_cannot_be_found_by_guessing() {
    let house = House::open().await;
    let guest = house.guest("Alex").await;
    let basic = house.monthly("Basic", 2_900).await;
    let (_, discount) = house.extras().await;
    let subscription = guest.paid(&basic, 2_900).await;
    house.allow(&[&basic]);
    house.let_choose(None, &[], true);
    let look = format!("/subscriptions/{}/plan?product={basic}", subscription.id);
    for n in 0..20 {
        let page = guest.get(&format!("{look}&code=GUESS{n}")).await;
        page.says("This code cannot be used here.");
    }
    let page = guest.get(&format!("{look}&code={discount}")).await;
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS);
    let page = guest.get(&look).await;
    assert_eq!(page.status, StatusCode::OK, "everything else goes on");
}
