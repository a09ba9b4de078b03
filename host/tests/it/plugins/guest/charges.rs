//! What guests do when they are charged.

/// What a guest does when it is charged: the body of a function with the pointer to the
/// request as its parameter and the pointer to the answer as its result. `$ok`, `$unknown`
/// and `$not_sent` are answers that are there already.
pub(crate) enum OnCharge {
    /// Answers at once that the payment succeeded.
    Succeeds,
    /// Anything else.
    Does(&'static str),
}

/// Never returns.
pub(crate) const LOOPS: OnCharge = OnCharge::Does("(loop $again (br $again)) (unreachable)");

/// Traps.
pub(crate) const TRAPS: OnCharge = OnCharge::Does("(unreachable)");

/// Takes memory until there is no more.
pub(crate) const HOGS: OnCharge =
    OnCharge::Does("(loop $more (drop (memory.grow (i32.const 64))) (br $more)) (unreachable)");

/// Answers with an error message of three megabytes.
pub(crate) const ANSWERS_TOO_MUCH: OnCharge = OnCharge::Does(
    "(drop (memory.grow (i32.const 64)))
     (i32.store (i32.const 4096) (i32.const 1))
     (i32.store (i32.const 4104) (i32.const 1))
     (i32.store (i32.const 4108) (i32.const 8192))
     (i32.store (i32.const 4112) (i32.const 3000000))
     (i32.const 4096)",
);

/// Answers with a currency that does not exist.
pub(crate) const ANSWERS_NONSENSE: OnCharge =
    OnCharge::Does("(i32.store (i32.const 4176) (i32.const 1088)) (i32.const 4096)");

/// Answers with a variant that does not exist.
pub(crate) const ANSWERS_GARBAGE: OnCharge =
    OnCharge::Does("(i32.store8 (i32.const 4096) (i32.const 77)) (i32.const 4096)");

/// Fetches the URL that the request's key is, and answers what became of it: succeeded,
/// *not executed* with the host's reason, or *unknown outcome*.
pub(crate) const FETCHES: OnCharge = OnCharge::Does(
    "(call $fetch
        (i32.const 0)
        (i32.load (local.get $request)) (i32.load offset=4 (local.get $request))
        (i32.const 0) (i32.const 0)
        (i32.const 0) (i32.const 0) (i32.const 0)
        (i32.const 0) (i32.const 0)
        (i32.const 6144))
     (if (i32.eqz (i32.load8_u (i32.const 6144))) (then (return (i32.const 4096))))
     (i32.store (i32.const 4096) (i32.const 1))
     (i32.store (i32.const 4104) (i32.load8_u (i32.const 6148)))
     (i32.store (i32.const 4108) (i32.const 1088))
     (i32.store (i32.const 4112) (i32.const 3))
     ;; `denied`, `invalid` and `limit` come with a reason.
     (if (i32.and
            (i32.eqz (i32.load8_u (i32.const 6148)))
            (i32.lt_u (i32.load8_u (i32.const 6152)) (i32.const 3)))
        (then
            (i32.store (i32.const 4108) (i32.load (i32.const 6156)))
            (i32.store (i32.const 4112) (i32.load (i32.const 6160)))))
     (i32.const 4096)",
);

/// The same with a body of so many zeros.
pub(crate) fn sends_a_body(bytes: usize) -> OnCharge {
    let OnCharge::Does(fetches) = FETCHES else {
        unreachable!("it fetches")
    };
    let none = "(i32.const 0) (i32.const 0) (i32.const 0)";
    let body = format!("(i32.const 1) (i32.const 131072) (i32.const {bytes})");
    let sends = fetches.replace(none, &body);
    OnCharge::Does(format!("(drop (memory.grow (i32.const 32))) {sends}").leak())
}

/// Sends the customer to the page whose address the request's key is.
pub(crate) const LEADS: OnCharge = OnCharge::Does(
    "(i32.store8 (i32.const 4104) (i32.const 2))
     (i32.store8 (i32.const 4112) (i32.const 0))
     (i32.store (i32.const 4116) (i32.load (local.get $request)))
     (i32.store (i32.const 4120) (i32.load offset=4 (local.get $request)))
     (i32.const 4096)",
);

/// Wants fields of its own on the page, by the script whose address the request's key is.
pub(crate) const WANTS_FIELDS: OnCharge = OnCharge::Does(
    "(i32.store8 (i32.const 4104) (i32.const 2))
     (i32.store8 (i32.const 4112) (i32.const 1))
     (i32.store (i32.const 4116) (i32.load (local.get $request)))
     (i32.store (i32.const 4120) (i32.load offset=4 (local.get $request)))
     (i32.const 4096)",
);

/// Sends the secret `api_key` to the URL that the request's key is, in a header `x-key` of its own
/// or as the user of basic credentials. Answers succeeded, or *not executed* with the host's reason.
pub(crate) fn sends_its_secret(basic: bool) -> OnCharge {
    let header = if basic {
        "(i32.store8 (i32.const 6408) (i32.const 2))
         (i32.store8 (i32.const 6412) (i32.const 1))
         (i32.store (i32.const 6416) (i32.load (i32.const 6148)))"
    } else {
        "(i32.store8 (i32.const 6408) (i32.const 1))
         (i32.store (i32.const 6420) (i32.load (i32.const 6148)))"
    };
    let body = format!(
        "(call $secret (i32.const 1240) (i32.const 7) (i32.const 6144))
         (if (i32.load8_u (i32.const 6144)) (then (unreachable)))
         (i32.store (i32.const 6400) (i32.const 1248))
         (i32.store (i32.const 6404) (i32.const 5))
         {header}
         (call $fetch
            (i32.const 0)
            (i32.load (local.get $request)) (i32.load offset=4 (local.get $request))
            (i32.const 6400) (i32.const 1)
            (i32.const 0) (i32.const 0) (i32.const 0)
            (i32.const 0) (i32.const 0)
            (i32.const 6144))
         (if (i32.eqz (i32.load8_u (i32.const 6144))) (then (return (i32.const 4096))))
         ;; Not sent, and for a reason that is told.
         (if (i32.or (i32.load8_u (i32.const 6148))
                (i32.gt_u (i32.load8_u (i32.const 6152)) (i32.const 2)))
            (then (unreachable)))
         (i32.store (i32.const 4096) (i32.const 1))
         (i32.store (i32.const 4104) (i32.const 0))
         (i32.store (i32.const 4108) (i32.load (i32.const 6156)))
         (i32.store (i32.const 4112) (i32.load (i32.const 6160)))
         (i32.const 4096)"
    );
    OnCharge::Does(body.leak())
}

/// Asks for the secret whose name the request's key is, and answers what became of it:
/// succeeded, or *not executed* with `denied` or `missing`.
pub(crate) const ASKS_FOR_A_SECRET: OnCharge = OnCharge::Does(
    "(call $secret
        (i32.load (local.get $request)) (i32.load offset=4 (local.get $request))
        (i32.const 6144))
     (if (i32.eqz (i32.load8_u (i32.const 6144))) (then (return (i32.const 4096))))
     (call $refused (i32.load8_u (i32.const 6148)))",
);

/// Asks for the secret whose name the request's key is, then for its text, and answers *not
/// executed* with that text, or with `denied` or `missing`.
pub(crate) const READS_A_SECRET: OnCharge = OnCharge::Does(
    "(call $secret
        (i32.load (local.get $request)) (i32.load offset=4 (local.get $request))
        (i32.const 6144))
     (if (i32.load8_u (i32.const 6144))
        (then (return (call $refused (i32.load8_u (i32.const 6148))))))
     (call $reveal (i32.load (i32.const 6148)) (i32.const 6176))
     (if (i32.load8_u (i32.const 6176))
        (then (return (call $refused (i32.load8_u (i32.const 6180))))))
     (drop (call $refused (i32.const 0)))
     (i32.store (i32.const 4108) (i32.load (i32.const 6180)))
     (i32.store (i32.const 4112) (i32.load (i32.const 6184)))
     (i32.const 4096)",
);

/// Asks for what it keeps under a key, and answers that all is well, whatever it hears.
pub(crate) const ASKS_FOR_A_VALUE: OnCharge = OnCharge::Does(
    "(call $value (i32.const 1240) (i32.const 7) (i32.const 6144))
     (i32.const 4096)",
);

/// Leaves something in its memory and answers that all is well; traps where a call before has left
/// it.
pub(crate) const REMEMBERS: OnCharge = OnCharge::Does(
    "(if (i32.load (i32.const 12288)) (then (unreachable)))
     (i32.store (i32.const 12288) (i32.const 1))
     (i32.const 4096)",
);

/// Computes until the clock is past 1970.
pub(crate) const WAITS_FOR_THE_CLOCK: OnCharge =
    OnCharge::Does("(loop $again (br_if $again (i64.eqz (call $now)))) (i32.const 4096)");

/// Looks at the clock once.
pub(crate) const LOOKS_AT_THE_CLOCK: OnCharge =
    OnCharge::Does("(drop (call $now)) (i32.const 4096)");
