//! Hostile answers of a pages plugin: refused, or harmless, and the portal goes on.

use serde_json::json;

use super::House;
use super::extra::ALL;
use crate::support::log::Log;

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
            json!({ "content": { "doubling.html": { "name": "x" } } }),
            503,
            "take and make more than 1024 KiB",
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
        (json!({ "do": "keep" }), 503, "kept 100 times"),
        (json!({ "do": "closed today" }), 503, "closed today"),
        (json!({}), 404, ""),
    ] {
        let house = House::strings(ALL, &json!({ "render": answer })).await;
        let guest = house.guest("Alex").await;
        let page = guest.get("/x/strings").await;
        assert_eq!(page.status, status, "{answer}: {}", house.failures());
        if status == 503 {
            page.says("This page cannot be shown right now");
            let failures = house.figures().failures;
            let said = ["ask", "keep", "closed today"].map(|what| answer["do"] == what);
            assert_eq!(
                failures,
                u64::from(!said.contains(&true)),
                "{answer}: it is counted, once"
            );
        }
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

#[tokio::test(flavor = "multi_thread")]
async fn markup_and_template_signs_in_every_text_are_shown_as_they_are() {
    let evil = "<script>alert(1)</script>{{ 7*7 }}{% include x %}{ $x }";
    for content in [
        json!({ "text": evil }),
        json!({ "markdown": evil }),
        json!({ "hello.html": { "name": evil } }),
    ] {
        let answers = json!({
            "render": { "title": evil, "content": content },
            "block": { "content": content },
        });
        let house = House::strings(ALL, &answers).await;
        let guest = house.guest("Alex").await;
        for path in ["/x/strings", "/"] {
            let page = guest.get(path).await;
            assert_eq!(page.status, 200, "{content}: {}", house.failures());
            page.says("<script>alert(1)</script>");
            page.says("{{ 7*7 }}");
            assert!(!page.html.contains("<script>alert"), "{content}");
            assert!(!page.html.contains("script&gt;49"), "{content}");
        }
        assert_eq!(house.failures(), "", "{content}");
    }
    let answers = json!({
        "render": { "title": "Form", "content": { "form.html": {} } },
        "submit": { "errors": { "name": evil } },
    });
    let house = House::strings(ALL, &answers).await;
    let guest = house.guest("Alex").await;
    let page = guest.get("/x/strings/form").await;
    let mend = guest
        .press(&page, "/x/strings/send", &[("name", evil)])
        .await;
    mend.says(evil);
    assert!(!mend.html.contains("<script>alert"), "{}", mend.html);
    assert_eq!(mend.elements("#name")[0].1, evil);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_path_leads_out_of_what_a_plugin_carries() {
    let house = House::strings(ALL, &json!({})).await;
    let guest = house.guest("Alex").await;
    for path in [
        "/assets/plugin:puppet/../../../../../../etc/passwd",
        "/assets/plugin:puppet/..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/assets/plugin:puppet/%2e%2e/%2e%2e/etc/passwd",
        "/assets/plugin:puppet/..%5c..%5cetc%5cpasswd",
        "/assets/plugin:puppet//etc/passwd",
        "/assets/plugin:..%2fpuppet/mark.svg",
    ] {
        let request = axum::http::Request::get(path).header("host", "127.0.0.1:8080");
        let request = request.body(axum::body::Body::empty()).unwrap();
        let page = house.send(request).await;
        assert_eq!(page.status, 404, "{path}");
        assert!(!page.html.contains("root:"), "{path}");
    }
    for path in [
        "/x/../subscriptions",
        "/x/%2e%2e/strings",
        "/x/strings/%2e%2e/%2e%2e/etc/passwd",
        "/x/strings/..%2f..%2fetc%2fpasswd",
        "/x/strings/%00",
        "/x/strings/a%5cb",
    ] {
        let page = guest.get(path).await;
        assert_eq!(page.status, 404, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_nested_deeply_is_refused_and_the_portal_goes_on() {
    let open = |times: usize| "[".repeat(times) + &"]".repeat(times);
    for (content, says) in [
        (json!({ "hello.html": open(30_000) }), "is not JSON"),
        (
            json!({ "hello.html": "{\"name\":".repeat(5000) }),
            "is not JSON",
        ),
        (
            json!({ "markdown": { "repeat": ">", "times": 16_000 } }),
            "too many tags",
        ),
        (json!({ "text": { "repeat": "<b>", "times": 5000 } }), ""),
        (
            json!({ "markdown": { "repeat": "<b>", "times": 5000 } }),
            "",
        ),
        (
            json!({ "markdown": { "repeat": "[", "times": 16_000 } }),
            "",
        ),
    ] {
        let answers = json!({ "render": { "title": "Deep", "content": content } });
        let house = House::strings(ALL, &answers).await;
        let guest = house.guest("Alex").await;
        let page = guest.get("/x/strings").await;
        let status = if says.is_empty() { 200 } else { 503 };
        assert_eq!(page.status, status, "{}", house.failures());
        assert!(house.failures().contains(says), "{}", house.failures());
        guest.get("/").await.says("Billing history");
    }
}

#[tokio::test]
async fn a_page_that_fails_at_every_view_writes_few_lines() {
    let answers = json!({ "render": { "content": { "broken.html": {} } } });
    let house = House::strings(ALL, &answers).await;
    let guest = house.guest("Alex").await;
    let (log, _guard) = Log::of_this_thread("vestibule=warn");
    for _ in 0..60 {
        assert_eq!(guest.get("/x/strings").await.status, 503);
    }
    let text = log.text();
    let lines = text.lines().filter(|line| line.contains("a plugin failed"));
    let lines: Vec<_> = lines.collect();
    // Twenty at once, and one more every ten seconds.
    assert!((20..40).contains(&lines.len()), "{text}");
    let named = |line: &&str| line.contains("undefined value") && line.contains("puppet");
    assert!(lines.iter().all(named), "{text}");
    // Whoever asks is told how often.
    let troubles = house.cx.plugins.troubles();
    assert_eq!(troubles[0].count, 60, "{troubles:?}");
}
