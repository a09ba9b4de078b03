//! License keys and their devices, payment methods, and who the customer is.

use axum::http::StatusCode;
use vestibule::domain::license::LicenseInstance;

use super::House;

#[tokio::test]
async fn a_device_lets_go_of_its_key_after_a_question() {
    let house = House::open().await;
    let guest = house.guest("Alex").await;
    let subscription = guest.active().await;
    let license = guest.license(&subscription).await;
    let device = LicenseInstance {
        id: house.cx.new_id(),
        license: license.id.clone(),
        name: "MacBook".to_owned(),
        created_at: house.now(),
    };
    house
        .write(async |tx| {
            tx.lock_license(&license.id).await.unwrap();
            tx.insert_license_instance(&device).await.unwrap();
        })
        .await;

    let list = guest.get("/license-keys").await;
    list.says(&license.key);
    list.says("MacBook");
    let path = format!("/license-keys/{}/devices/{}", license.id, device.id);
    let question = guest.get(&path).await;
    question.says("Deactivate MacBook?");
    let answer = guest.press(&question, &path, &[]).await;
    answer.redirects_to("/license-keys");
    assert!(!guest.get("/license-keys").await.text().contains("MacBook"));
    assert_eq!(guest.get(&path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_method_in_use_stays_and_the_page_says_what_uses_it() {
    let house = House::open().await;
    let guest = house.guest("Alex").await;
    let method = guest.visa().await;
    let path = format!("/payment-methods/{method}/remove");
    let question = guest.get(&path).await;
    question.says("Remove this payment method?");

    let mut subscription = guest.active().await;
    subscription.method = Some(method.clone());
    house
        .write(async |tx| tx.save_subscription(&mut subscription).await.unwrap())
        .await;
    let answer = guest.press(&question, &path, &[]).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    answer.says("This payment method is in use");
    answer.says("Lumen Pro");
    guest
        .get("/payment-methods")
        .await
        .says("Pays for Lumen Pro");

    subscription.method = None;
    house
        .write(async |tx| tx.save_subscription(&mut subscription).await.unwrap())
        .await;
    let answer = guest.press(&question, &path, &[]).await;
    answer.redirects_to("/payment-methods");
    guest
        .get("/payment-methods")
        .await
        .says("There are no saved payment methods.");
}

#[tokio::test]
async fn a_customer_marks_one_backup_method_and_takes_the_mark_away() {
    let house = House::open().await;
    let guest = house.guest("Alex").await;
    let method = guest.mastercard().await;
    let path = format!("/payment-methods/{method}/backup");
    let list = guest.get("/payment-methods").await;
    list.says("Use as backup");
    let answer = guest.press(&list, &path, &[]).await;
    answer.redirects_to("/payment-methods");
    let list = guest.get("/payment-methods").await;
    list.says("Tried when another one is declined at a renewal.");
    let answer = guest.press(&list, &path, &[]).await;
    answer.redirects_to("/payment-methods");
    let list = guest.get("/payment-methods").await;
    assert!(!list.text().contains("Tried when another"));
}

#[tokio::test]
async fn where_the_merchant_wants_no_backup_none_is_offered() {
    let house = House::with("[allow]\nbackup_method = false\n").await;
    let guest = house.guest("Alex").await;
    let method = guest.mastercard().await;
    let list = guest.get("/payment-methods").await;
    assert!(!list.html.contains("/backup"), "{}", list.html);
    let path = format!("/payment-methods/{method}/backup");
    // A form that was open when the merchant said so.
    let form = format!(
        "<form method=\"post\" action=\"/test/bus_lumen{path}\">{}</form>",
        {
            let profile = guest.get("/profile").await;
            let csrf = profile.elements("input[name=csrf]").remove(0);
            format!("<input type=\"hidden\" name=\"csrf\" value=\"{}\">", csrf.1)
        }
    );
    let on = super::Page::of(form);
    let pressed = guest.press(&on, &path, &[("backup", "true")]).await;
    assert_eq!(pressed.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn name_and_number_are_checked_and_kept() {
    let house = House::open().await;
    let guest = house.guest("Alex").await;
    let page = guest.get("/profile").await;
    page.says("alex@customer.example.com");

    let wrong = [("name", " "), ("phone", "call me")];
    let answer = guest.press(&page, "/profile", &wrong).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    answer.says("Please enter a name.");
    answer.says("Please use digits");
    assert!(answer.html.contains("call me"), "what was entered stays");

    let right = [("name", "山田太郎"), ("phone", "+49 30 1234567")];
    let answer = guest.press(&page, "/profile", &right).await;
    answer.redirects_to("/profile?saved=yes");
    let page = guest.get("/profile?saved=yes").await;
    page.says("Your profile is saved.");
    assert!(page.html.contains("山田太郎"));
}

#[tokio::test]
async fn where_the_merchant_keeps_the_methods_nobody_removes_one() {
    let house = House::with("[allow]\npayment_methods = false\n").await;
    let guest = house.guest("Alex").await;
    let method = guest.visa().await;
    let path = format!("/payment-methods/{method}/remove");
    let list = guest.get("/payment-methods").await;
    list.says("4242");
    assert!(!list.html.contains("/remove"), "{}", list.html);
    assert_eq!(guest.get(&path).await.status, StatusCode::NOT_FOUND);
    // A form that was open when the merchant said so.
    let form = format!(
        "<form method=\"post\" action=\"/test/bus_lumen{path}\">{}</form>",
        {
            let profile = guest.get("/profile").await;
            let csrf = profile.elements("input[name=csrf]").remove(0);
            format!("<input type=\"hidden\" name=\"csrf\" value=\"{}\">", csrf.1)
        }
    );
    let pressed = guest.press(&super::Page::of(form), &path, &[]).await;
    assert_eq!(pressed.status, StatusCode::NOT_FOUND);
    guest.get("/payment-methods").await.says("4242");
}
