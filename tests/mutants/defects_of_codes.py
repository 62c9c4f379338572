"""Planted defects: the device code itself, and the pages it names."""

import time
from dataclasses import replace

from mutants.defects import code_defect, defect, with_code, with_url
from mutants.harness import Answer, Ask, Server, say


@code_defect("code.unique-sequence")
def one_code_for_everybody(server: Server, answer: Answer) -> Answer:
    return with_code(answer, "SAMECODE1")


@code_defect("code.unique-sequence")
def every_7th_code_repeats_the_one_before(server: Server, answer: Answer) -> Answer:
    if server.count() % 7 == 0:
        return with_code(answer, server.memory["last"])
    server.memory["last"] = answer.json["userCode"]
    return answer


@code_defect("code.unique-sequence", "code.unique-burst")
def calls_within_30_ms_share_a_code(server: Server, answer: Answer) -> Answer:
    with server.lock:
        last, at = server.memory.get("last", ("", -1.0))
        if time.monotonic() - at < 0.03:
            return with_code(answer, last)
        server.memory["last"] = (answer.json["userCode"], time.monotonic())
        return answer


@code_defect("code.unique-sequence")
def codes_from_a_small_pool(server: Server, answer: Answer) -> Answer:
    return with_code(answer, f"POOLCOD{server.count() % 20:02}")


@code_defect("code.unpredictable")
def codes_that_count_up(server: Server, answer: Answer) -> Answer:
    return with_code(answer, f"C{server.count():08}")


@code_defect("code.unpredictable")
def codes_that_count_up_from_the_left(server: Server, answer: Answer) -> Answer:
    return with_code(answer, f"{server.count():06}ABC"[::-1])


@defect("code", "code.charset")
def a_charset_is_refused(server: Server, ask: Ask) -> Answer:
    return say(415) if ask.is_code and "charset" in ask.headers.get("Content-Type", "") else server.answer(ask)


@defect("code", "code.charset")
def the_media_type_must_be_in_lower_case(server: Server, ask: Ask) -> Answer:
    media_type = ask.headers.get("Content-Type", "").partition(";")[0]
    return say(415) if ask.is_code and media_type != media_type.lower() else server.answer(ask)


@code_defect("code.user-code")
def codes_in_lower_case(server: Server, answer: Answer) -> Answer:
    return with_code(answer, answer.json["userCode"].lower())


@code_defect("code.user-code")
def codes_with_a_hyphen(server: Server, answer: Answer) -> Answer:
    code = answer.json["userCode"]
    return with_code(answer, f"{code[:4]}-{code[4:]}")


@code_defect("code.user-code")
def codes_of_4_characters(server: Server, answer: Answer) -> Answer:
    return with_code(answer, answer.json["userCode"][:4])


@code_defect("code.user-code")
def codes_with_a_space_at_the_end(server: Server, answer: Answer) -> Answer:
    return with_code(answer, answer.json["userCode"] + " ")


@code_defect("code.user-code", "code.properties")
def an_empty_code(server: Server, answer: Answer) -> Answer:
    return with_code(answer, "")


@code_defect("code.properties")
def no_code_but_snake_case(server: Server, answer: Answer) -> Answer:
    value = answer.json
    return answer.with_json({**{k: v for k, v in value.items() if k != "userCode"}, "user_code": value["userCode"]})


@code_defect("code.properties")
def no_verification_url(server: Server, answer: Answer) -> Answer:
    return answer.with_json({key: value for key, value in answer.json.items() if key != "verificationUrl"})


@code_defect("code.properties")
def no_expires_in(server: Server, answer: Answer) -> Answer:
    return answer.with_json({key: value for key, value in answer.json.items() if key != "expiresIn"})


@code_defect("code.properties")
def no_message(server: Server, answer: Answer) -> Answer:
    return answer.with_json({key: value for key, value in answer.json.items() if key != "message"})


@code_defect("code.properties", "code.expires-in")
def a_life_as_text(server: Server, answer: Answer) -> Answer:
    return answer.with_members(expiresIn=str(answer.json["expiresIn"]))


@code_defect("code.expires-in", "code.properties")
def a_life_with_a_fraction(server: Server, answer: Answer) -> Answer:
    return answer.with_members(expiresIn=899.5)


@code_defect("code.expires-in")
def a_life_of_zero(server: Server, answer: Answer) -> Answer:
    return answer.with_members(expiresIn=0)


@code_defect("code.expires-in")
def a_life_that_is_a_point_in_time(server: Server, answer: Answer) -> Answer:
    return answer.with_members(expiresIn=1_900_000_000)


@code_defect("code.expires-in")
def a_life_in_minutes(server: Server, answer: Answer) -> Answer:
    return answer.with_members(expiresIn=15)


@code_defect("code.expires-in-steady")
def a_life_that_shrinks_from_answer_to_answer(server: Server, answer: Answer) -> Answer:
    return answer.with_members(expiresIn=max(100, 900 - 10 * server.count()))


@code_defect("code.expires-in-steady")
def seconds_and_milliseconds_in_turn(server: Server, answer: Answer) -> Answer:
    return answer.with_members(expiresIn=900_000) if server.count() % 2 else answer


@code_defect("code.message")
def a_message_that_names_another_code(server: Server, answer: Answer) -> Answer:
    code = answer.json["userCode"]
    return answer.with_members(message=answer.json["message"].replace(code, code[::-1]))


@code_defect("code.message")
def a_message_that_names_the_code_before(server: Server, answer: Answer) -> Answer:
    code = answer.json["userCode"]
    before, server.memory["code"] = server.memory.get("code", "FIRSTCODE"), code
    return answer.with_members(message=answer.json["message"].replace(code, before))


@code_defect("code.message")
def a_message_with_another_address(server: Server, answer: Answer) -> Answer:
    return answer.with_members(message=answer.json["message"].replace("microsoft.com", "aka.ms"))


@code_defect("code.message")
def a_message_without_the_code(server: Server, answer: Answer) -> Answer:
    return answer.with_members(message=f"Open {answer.json['verificationUrl']}.")


@code_defect("code.url")
def an_address_without_tls(server: Server, answer: Answer) -> Answer:
    return with_url(answer, answer.json["verificationUrl"].replace("https:", "http:"))


@code_defect("code.url")
def an_address_of_somebody_else(server: Server, answer: Answer) -> Answer:
    return with_url(answer, "https://microsoft.com.evil.example/devicelogin")


@code_defect("code.url")
def an_address_that_looks_right(server: Server, answer: Answer) -> Answer:
    return with_url(answer, "https://microsoft.com@evil.example/devicelogin")


@code_defect("code.url")
def an_address_without_host(server: Server, answer: Answer) -> Answer:
    return with_url(answer, "/devicelogin")


@code_defect("code.url-region")
def addresses_of_two_clouds_in_turn(server: Server, answer: Answer) -> Answer:
    return with_url(answer, "https://microsoft.com/deviceloginchina") if server.count() % 2 else answer


@code_defect("code.status")
def created_instead_of_ok(server: Server, answer: Answer) -> Answer:
    return replace(answer, status=201)


@code_defect("code.media-type")
def json_as_text(server: Server, answer: Answer) -> Answer:
    return answer.with_header("Content-Type", "text/plain; charset=utf-8")


@code_defect("code.media-type")
def json_without_media_type(server: Server, answer: Answer) -> Answer:
    return answer.with_header("Content-Type", None)


@code_defect("code.media-type", "answers.json")
def json_in_utf_16(server: Server, answer: Answer) -> Answer:
    body = answer.body.decode().encode("utf-16")
    return answer.with_body(body).with_header("Content-Type", "application/json; charset=utf-16")


@code_defect("answers.json", "code.properties", "code.framing")
def a_length_that_cuts_the_body(server: Server, answer: Answer) -> Answer:
    return answer.with_header("Content-Length", str(len(answer.body) - 5))


@code_defect("answers.arrive")
def a_length_beyond_the_body(server: Server, answer: Answer) -> Answer:
    return answer.with_header("Content-Length", str(len(answer.body) + 5))


@code_defect("code.fresh")
def a_code_that_proxies_may_keep(server: Server, answer: Answer) -> Answer:
    return answer.with_header("Cache-Control", "public, max-age=600")


@code_defect("code.fresh")
def a_code_out_of_a_cache(server: Server, answer: Answer) -> Answer:
    return answer.with_header("Age", "120")


@code_defect("code.properties")
def the_code_in_an_envelope(server: Server, answer: Answer) -> Answer:
    return answer.with_json({"data": answer.json})


@defect("code", "code.regions", "generated.accepted")
def china_is_not_known(server: Server, ask: Ask) -> Answer:
    body = ask.json
    if ask.is_code and isinstance(body, dict) and body.get("targetRegion") == "China":
        return server.answer(ask.with_json({"targetRegion": "Atlantis"}))
    return server.answer(ask)


@defect("code", "code.example", "code.status")
def the_case_of_the_page_is_not_known(server: Server, ask: Ask) -> Answer:
    body = ask.json
    if ask.is_code and isinstance(body, dict) and body.get("targetRegion") == "worldwide":
        return server.answer(ask.with_json({"targetRegion": "Atlantis"}))
    return server.answer(ask)


@defect("code", "operations.served")
def an_organization_gets_no_code(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    of_organization = "/organizations/" in ask.path.lower() and ask.path.lower().endswith("/devicecode")
    return (
        replace(answer, status=404).with_json({"message": "?"}) if of_organization and answer.status == 200 else answer
    )


@defect("code", "code.restore-unknown")
def any_restore_session_gets_a_code(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    if "/restoresessions/" in ask.path.lower() and answer.status in (400, 404):
        return server.answer(replace(ask, path="/v4/DeviceCode").with_json({"targetRegion": "worldwide"}))
    return answer
