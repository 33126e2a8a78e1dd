"""How systems lay out what they make: the shapes of composed cells, each part with its own.

Formats that a law or a standard sets (national numbers, accounts, cards, addresses of machines) are no layouts: both
parts write them alike.
"""

from __future__ import annotations

from collections.abc import Mapping

from bench.corpus.shapes import Split

# A column keeps to one of its layouts. Fields: see ``bench.corpus.cells``; "nD" is D random digits, "xD"
# hexadecimal ones.
LAYOUTS: Mapping[str, Mapping[Split, tuple[str, ...]]] = {
    "contact_line": {
        "build": ("{full}, {phone}, {email}", "{phone} / {email}", "{full}; {phone}"),
        "frozen": ("{full} ({phone})", "{email} | {phone} | {full}", "tel. {phone}, {email}", "{full} - {email}"),
    },
    "email_name": {
        "build": ("{full} <{email}>",),
        "frozen": ('"{family}, {given}" <{email}>', "{full} [{email}]", "{email} ({full})"),
    },
    "email_url": {
        "build": (
            "https://shop.example/u?e={email}&c=12",
            "https://shop.example/preferences/{email}/edit",
            "https://shop.example/r?id=7&mail={email}",
            "https://shop.example/u?e={quoted}&c=12",
        ),
        "frozen": (
            "http://news.example/optout/{email}",
            "https://click.example/t/9f3?list=4&to={quoted}#top",
            "mailto:{email}?subject=stop",
        ),
    },
    "customer_number": {
        "build": ("C{n6}", "{n7}", "{uuid}", "{n5}-{row}"),
        "frozen": ("000{n7}", "CUS-{x8}", "{year}/{row}", "{n4}-{n4}-{row}", "K{n5}"),
    },
    "username": {
        "build": ("{first}{n2}", "{first}_{year}", "x{first}x", "{first:.3}ster{row}"),
        "frozen": ("{last}{first:.1}", "{first}.{last:.2}", "_{first}{row}_", "{noun}{n2}", "the_{noun}_{row}"),
    },
    "cookie_id": {
        "build": ("{uuid}", "GA1.2.{n9}.16{n8}"),
        "frozen": ("fb.1.17{n9}00.{n9}", "GS1.1.17{n8}.4.1.17{n8}.0.0.0", "{x32}", "amp-{uuid}"),
    },
    "device_id": {"build": ("{uuid}", "{imei}"), "frozen": ("{x16}", "{imei}", "{uuid}")},
    "order_number": {  # the lengths of TAJ, RNTRC and IdNr: some pass by luck
        "build": ("{n7}", "{n9}", "{n10}", "{n11}"),
        "frozen": ("{n9}", "{n10}", "{n11}", "SO-{n9}", "{year}-{n6}", "#{n4}", "{n3} {n3} {n3}"),
    },
    "batch_number": {  # like a hetu, a personnummer, an adóazonosító jel, a passport
        "build": ("{day:%d%m%y}-{n3}{letter}", "{day:%Y%j}/{n2}", "8{n9}"),
        "frozen": ("{day:%d%m%y}A{n3}{letter}", "{day:%y%m%d}-{n4}", "8{n4}{n5}", "{letter}{letter}{n6}"),
    },
    "invoice_number": {"build": ("{year}/{row:06d}",), "frozen": ("INV-{year}-{row:05d}", "F{n8}", "{n4}/{row}/B")},
    "tracking": {"build": ("JJ{n9}{country}",), "frozen": ("00{n9}{n9}", "RR{n9}{country}", "{n4} {n4} {n4}")},
    "page_url": {
        "build": ("https://shop.example/p/{n4}", "https://shop.example/h/{n2}"),
        "frozen": ("/c/{noun}/{n3}?page=2", "https://store.example/{noun}-{n4}.html", "app://item/{n6}"),
    },
    "coordinates": {
        "build": ("{latitude:.5f}, {longitude:.5f}",),
        "frozen": (
            "{latitude:.6f};{longitude:.6f}",
            "POINT({longitude:.4f} {latitude:.4f})",
            "{latitude:.4f} N {longitude:.4f} E",
        ),
    },
    "timestamp": {
        "build": ("{day:%Y-%m-%d}T{clock}Z", "{day:%Y-%m-%d} {clock}", "16{n8}"),
        "frozen": ("{day:%Y%m%d}{clock}", "{day:%d/%b/%Y}:{clock} +0200", "17{n9}00", "{day:%d.%m.%Y} {clock:.5}"),
    },
    "sku": {
        "build": ("AB-{n4}", "KX-{n3}", "LMP-{n5}"),
        "frozen": ("{n3}-{n3}-BLK", "{letter}{letter}{n6}", "P{n4}.{n2}"),
    },
    "children": {"build": ("{kid}", "{kid}, {kid}"), "frozen": ("{kid} + {kid}", "{kid};{kid};{kid}", "{kid}/{kid}")},
    "genetic": {"build": ("rs{n7}({base};{base})",), "frozen": ("rs{n6} {base}{base}", "rs{n8}:{base}/{base}")},
    "file_hash": {"build": ("{x32}",), "frozen": ("sha256:{x64}", "{x32}", "{x64}")},
    "biometric": {"build": ("{x32}==",), "frozen": ("FMR0{x24}", "{x48}=")},
}  # fmt: skip
# The same for cells of JSON.
PROFILES: Mapping[Split, tuple[object, ...]] = {
    "build": (
        {"name": "{full}", "contact": {"email": "{email}"}, "tier": "gold"},
        {"user": {"first": "{given}", "last": "{family}", "dob": "{born}"}, "v": 2},
        {"items": "{kid}", "mail": "{email}", "ip": "{ip}"},
    ),
    "frozen": (
        [{"k": "phone", "v": "{phone}"}, {"k": "plan", "v": "basic"}],
        {"address": {"to": "{full}", "zip": "{postcode}", "line1": "{address}"}, "gift": False},
        {"meta": {"ua": "app/4.2"}, "sub": "{uuid}", "preferred_username": "{email}"},
    ),
}
NOUNS = ("sunflower", "tiger", "night", "coffee", "river", "gamer", "biker", "garden", "moon", "cat", "boots", "lamp")
