"""Which forms the values of a column may have, as RE2 patterns matched whole, each with the words to say so."""

# ruff: noqa: RUF001 -- apostrophes and Ukrainian words

from __future__ import annotations

# A letter, told by what it is not: RE2 builds the full Unicode class a hundred times more slowly.
_L = r"[^\x00-@\[-`{-\x{bf}]"
EMAIL = r"[^\s@,;<>\"]+@(?:[^\s@.,;<>\"]+\.)+[^\s@.,;<>\"\d]{2,}"
STRICT = {
    "email": (EMAIL, "e-mail addresses"),
    "url": (r"(?:https?://|www\.)\S{3,}", "web addresses"),
    "ip": (
        r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?::\d{2,5})?|[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){7}|[0-9a-f:]{2,35}::[0-9a-f:]{0,35}",
        "IP addresses",
    ),
    "hashed_identifier": (r"(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{128})", "hex digests (md5, sha)"),
    "mac": (r"[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}|[0-9a-f]{4}(?:\.[0-9a-f]{4}){2}", "MAC addresses"),
    # Google Analytics' client id ends in the second of the first visit; Meta's in a random number or a click id.
    "cookie_id": (
        (
            r"(?:GA1\.\d\.)?\d{6,11}\.1[5-9]\d{8}|GS[12]\.\d\.\w[\w.$]{9,80}|fb\.\d\.\d{10,14}\.[\w-]{6,200}"
            r"|(?:EAIaIQ|Cj0KCQ|CjwKCA)[\w-]{20,150}"
        ),
        "client ids of web analytics",
    ),
    "coordinates": (
        (
            r"(?:geo:|[(\[] ?)?[-+]?\d{1,2}\.\d{3,15} ?[,;/| ] ?[-+]?\d{1,3}\.\d{3,15}[)\]]?"
            r"|[-+]?\d{1,2},\d{4,15} ?[;/| ] ?[-+]?\d{1,3},\d{4,15}"
            r"|(?:[NSEW] ?[-+]?\d{1,3}[.,]\d{2,15}°?[,;/ ]{0,3}){2}"
            r"|(?:[-+]?\d{1,3}[.,]\d{2,15} ?°? ?[NSEW][,;/ ]{0,3}){2}"
            r"|[{(]?\W?lat(?:itude)?\W{1,4}[-+]?\d{1,2}[.,]\d+\W{1,5}(?:lon|lng|long|longitude)\W{1,4}[-+]?\d{1,3}[.,]\d+[)}]?"
            r"|(?:[NSEW]? ?\d{1,3} \d{1,2}[.,]\d{1,6}'? ?[NSEW]?[,; ]{0,2}){2}|(?:SRID=\d+;)?"
            r"POINT ?\([-\d. ]+\)|\{\"type\": ?\"Point\".{0,80}"
            r"|(?:\d{1,3}° ?\d{1,2}['′] ?(?:[\d.]{1,8}[\"″])? ?[NSEW][,; ]{0,2}){2}"
        ),
        "geographic coordinates",
    ),
    # The United States' numbers have no check digit; with its hyphens the form is no other's.
    "us_ssn": (
        r"(?:0[1-9]\d|00[1-9]|[1-57-9]\d\d|6[0-57-9]\d|66[0-57-9])-\d\d-\d{4}",
        "numbers of the form of a US SSN",
    ),
    "ua_passport": (r"[а-щьюяєіїґ]{2} ?№? ?\d{6}", "series and numbers of Ukrainian passports"),
}
DATE = r"(?:(?:18|19|20)\d\d[-./](?:0?[1-9]|1[0-2])[-./](?:0?[1-9]|[12]\d|3[01])\.?|(?:0?[1-9]|[12]\d|3[01])[-./](?:0?[1-9]|1[0-2])[-./](?:18|19|20)\d\d|(?:0?[1-9]|1[0-2])/(?:0?[1-9]|[12]\d|3[01])/(?:19|20)\d\d|(?:19|20)\d\d\. ?(?:0?[1-9]|1[0-2])\. ?(?:0?[1-9]|[12]\d|3[01])\.?)"  # noqa: E501 -- one form per alternative, split nowhere better
_TIME = r"(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?)?"
SHAPES = {
    "date": (DATE + _TIME, "dates"),
    "amount": (
        r"[-+]?(?:[€£$₴] ?)?\d{1,3}(?:[ .,'\x{a0}]?\d{3})*[.,]\d{1,4} ?(?:€|eur|ft|huf|грн|uah|gbp|£|\$)?",
        "decimal numbers",
    ),
    "degrees": (r"[-+]?(?:[1-9]\d?|1[0-7]\d)\.\d{5,8}", "numbers as precise as degrees of places are"),
    "short_date": (r"\d{1,2}[-./]\d{1,2}[-./]\d{2}|\d{2}[-./]\d{1,2}[-./]\d{1,2}\.?", "dates with short years"),
    # British ones since 2001, Ukrainian ones with the letters that Latin shares; ABC-123 could be any code.
    "sure_plate": (
        (
            r"[A-HJ-PR-Y]{2}(?:0[2-9]|[12]\d|5[1-9]|[67]\d) ?[A-HJ-PR-Z]{3}"
            r"|[ABCEHIKMOPTXАВСЕНІКМОРТХ]{2} ?\d{4} ?[ABCEHIKMOPTXАВСЕНІКМОРТХ]{2}"
        ),
        "number plates of Britain or Ukraine",
    ),
    "gb_postcode": (r"[a-z]{1,2}\d[a-z\d]? ?\d[a-z]{2}", "British postcodes"),
}
HINTS = {
    "sha1": (r"[0-9a-f]{40}", "hex digests of forty digits, as sha-1 and commits have"),
    "uuid": (r"\{?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?", "UUIDs"),
    "public_ip": (
        r"\d*\D?(?:\d+\.)*(?:6[4-9]|[7-9]\d|[12]\d\d)(?:\.\d+)*(?::\d+)?|[0-9a-f:]*:[0-9a-f:]+",
        "with large parts",
    ),
    "gender_code": (
        (
            r"\d|.{1,2}\.?|fem.*|masc.*|ffi|(?:fe)?male.*|wom[ae]n.*|non.?bin.*|trans.*|inter.*|div.*|nai.*|mie.*|f.rfi.*"
            r"|n[őo]i?.*|жін.*|чол.*|weib.*"
            r"|m.nn.*|kvin.*|man.*|mr?s?\..*|herr.*|frau.*|rouva.*|un.*|not .*"
            r"|prefer.*|other.*|muu.*|egy.b.*|інш.*|annat.*"
        ),
        "as sexes are coded",
    ),
    "hu_id_card": (r"\d{6} ?[a-z]{2}", "six digits and two letters"),
    "quantity": (r"-?(?:0|[1-9]\d{0,3})", "small whole numbers"),
    "digits": (r"\d+", "digits only"),
    "money": (r"[€£$₴]? ?[\d .,'\x{a0}]{1,20} ?(?:€|eur|ft|huf|грн|uah|gbp|kr|sek|£|\$)?", "sums"),
    "plate": (rf"(?:{_L}|[()· .-]){{0,8}}\d(?:{_L}|[\d()· .-]){{0,10}}", "like number plates"),
    "located": (
        (
            r"\D{0,24}\d{1,3}(?:[.,]\d+|[°º:]| \d{1,2}\b).{0,80}|[0-9b-hjkmnp-z]{6,12}"
            r"|[23456789CFGHJMPQRVWX]{4,8}\+.{2,60}"
            r"|\d{1,2}[A-Z]{3} ?\d{2,5} ?\d{2,5}|/*[a-z]+\.[a-z]+\.[a-z]+|\d{6,7}[,;/ ]{1,2}\d{6,7}"
        ),
        "as places on a map are written",
    ),
    "role_mail": (
        (
            r"(?:info|office|sales|support|contact|kontakt|hello|order|orders|service|shop|store|admin|billing|invoice|invoices|"
            r"accounts|accounting|enquiries|noreply|no-reply|myynti|toimisto|asiakaspalvelu|laskutus|myymala|ugyfelszolgalat|"
            r"iroda|rendeles|ertekesites|szamlazas|bolt|zakaz|zakupivli|post|mail|vertrieb|verkauf|bestellung|buero|rechnung|"
            r"forsaljning|kundtjanst|butik|faktura|logistics|procurement|purchasing|hr|press|reception)[\w.-]{0,12}@.*"
        ),
        "addresses of an office",
    ),
    "code": (r"\w{0,6}[-_/ .]?\d{3,}[\w/-]{0,6}", "numbers or codes"),
    "postcode_form": (r"(?:[a-z]{2}-)?\d{3} ?\d{2}|\d{4}", "four or five digits"),
    "name_form": (rf"{_L}(?:{_L}|['’ʼ-])*\.?(?: {_L}(?:{_L}|['’ʼ-])*\.?){{0,3}}", "one to four words of letters"),
    "two_names": (rf"{_L}(?:{_L}|['’ʼ-])*,?(?: {_L}(?:{_L}|['’ʼ-])*\.?){{1,3}}", "two to four words of letters"),
    "compact_date": (r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])", "dates without separators"),
    "address_form": (
        rf"(?:[^\d]*{_L}{{3}}[^\d]*[ ,]+\d.*|\d{{1,4}}[a-z]?,? {_L}{{3}}.*)",
        "words with a house number",
    ),
}
