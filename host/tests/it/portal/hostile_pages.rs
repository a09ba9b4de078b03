//! Hostile answers of a pages plugin: refused, or harmless, and the portal goes on.

use serde_json::json;

use super::House;
use super::extra::ALL;

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_answer_is_refused_or_harmless() {
    for (answer, status, says) in [
        (
            json!({ "content": { "no-such.html": {} } }),
            503,
            "template not found",
        ),
        (
            json!({ "content": { "../hello.html": {} } }),
            503,
            "template not found",
        ),
        (
            json!({ "content": { "layouts/portal.html": {} } }),
            503,
            "template not found",
        ),
        (
            json!({ "content": { "broken.html": {} } }),
            503,
            "undefined value",
        ),
        (
            json!({ "content": { "endless.html": { "list": vec![0; 200] } } }),
            503,
            "fuel",
        ),
        (
            json!({ "content": { "hello.html": "not json" } }),
            503,
            "is not JSON",
        ),
        (
            json!({ "content": { "hello.html": "[".repeat(500) + &"]".repeat(500) } }),
            503,
            "is not JSON",
        ),
        (
            json!({ "content": { "text": { "repeat": "x", "times": 20_000 } } }),
            503,
            "too long",
        ),
        (
            json!({ "content": { "text": { "repeat": "x", "times": 5_000_000 } } }),
            503,
            "trapped",
        ),
        (
            json!({ "title": { "repeat": "x", "times": 2000 }, "content": { "text": "x" } }),
            503,
            "too long",
        ),
        (
            json!({ "redirect": "https://evil.example/" }),
            503,
            "where it may not",
        ),
        (
            json!({ "redirect": "//evil.example/" }),
            503,
            "where it may not",
        ),
        (
            json!({ "redirect": "/\\evil.example" }),
            503,
            "where it may not",
        ),
        (
            json!({ "redirect": "javascript:alert(1)" }),
            503,
            "where it may not",
        ),
        (
            json!({ "redirect": "https://user@survey.example.com/" }),
            503,
            "where it may not",
        ),
        (
            json!({ "redirect": "https://survey.example.com.evil.example/" }),
            503,
            "where it may not",
        ),
        (
            json!({ "redirect": "https://survey.example.com/a?b=1" }),
            303,
            "",
        ),
        (json!({ "redirect": "/subscriptions" }), 303, ""),
        (
            json!({ "download": { "name": "x", "body": { "repeat": "x", "times": 1_100_000 } } }),
            503,
            "1 MiB",
        ),
        (json!({ "do": "loop" }), 503, "processor time"),
        (json!({ "do": "trap" }), 503, "trapped"),
        (json!({ "do": "hog" }), 503, "trapped"),
        (json!({ "do": "ask" }), 503, "asked 500 times"),
        (json!({ "do": "closed today" }), 503, "closed today"),
        (json!({}), 404, ""),
    ] {
        let house = House::strings(ALL, &json!({ "render": answer })).await;
        let guest = house.guest("Alex").await;
        let page = guest.get("/x/strings").await;
        assert_eq!(page.status, status, "{answer}: {}", house.failures());
        assert!(
            house.failures().contains(says),
            "{answer}: {}",
            house.failures()
        );
        assert!(!page.location.contains("evil"), "{}", page.location);
        // The portal goes on.
        guest.get("/").await.says("Billing history");
    }
    let name = "../../\"evil\r\n.html";
    let file = json!({ "name": name, "type": "text/html\r\nx: y", "body": "<script>" });
    let house = House::strings(ALL, &json!({ "render": { "download": file } })).await;
    let (headers, _) = house.guest("Alex").await.raw("/x/strings").await;
    assert_eq!(headers["content-type"], "application/octet-stream");
    assert_eq!(
        headers["content-disposition"],
        "attachment; filename=\"evil.html\""
    );
    assert!(!headers.contains_key("x"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_that_fails_is_simply_not_there() {
    let hostile = json!({ "name": "<script>alert(1)</script>" });
    let house = House::strings(
        ALL,
        &json!({ "block": { "content": { "hostile.html": hostile } } }),
    )
    .await;
    let guest = house.guest("Alex").await;
    let page = guest.get("/").await;
    assert_eq!(page.all(".extra .raw").len(), 1);
    page.says("<script>alert(1)</script>");
    assert!(!page.html.contains("onclick") && !page.html.contains("evil.example"));
    // Its forms lead to its own pages, not to where it says, nor to the page that it stands on.
    let forms = page.all(".extra form");
    assert_eq!(forms.len(), 2, "{}", page.html);
    let own = "action=\"/test/bus_lumen/x/strings\"";
    assert!(forms.iter().all(|form| form.contains(own)), "{forms:?}");
    for (answer, says) in [
        (json!({ "do": "loop" }), "processor time"),
        (json!({ "do": "trap" }), "trapped"),
        (json!({ "do": "hog" }), "trapped"),
        (
            json!({ "content": { "broken.html": {} } }),
            "undefined value",
        ),
        (
            json!({ "content": { "text": { "repeat": "x", "times": 5_000_000 } } }),
            "trapped",
        ),
    ] {
        let house = House::strings(ALL, &json!({ "block": answer })).await;
        let guest = house.guest("Alex").await;
        let page = guest.get("/").await;
        assert_eq!(page.status, 200);
        assert!(page.all(".extra").is_empty(), "{answer}");
        page.says("Billing history");
        assert!(
            house.failures().contains(says),
            "{answer}: {}",
            house.failures()
        );
    }
}
