"""Small closed lists: countries, languages, genders, choices, large cities and the words that streets are called by."""

# ruff: noqa: RUF001 -- Ukrainian words

from __future__ import annotations

import phonenumbers

from gateway.detection.folding import fold


def _set(text: str) -> frozenset[str]:
    return frozenset(fold(word.replace("_", " ")) for word in text.split())


COUNTRY_CODES = frozenset(code.lower() for code in phonenumbers.SUPPORTED_REGIONS) | {"uk"}
COUNTRIES = _set(
    """finland suomi finnorszag фінляндія hungary unkari magyarorszag угорщина ukraine ukraina ukrajna україна
    united_kingdom great_britain england scotland wales iso-britannia yhdistynyt_kuningaskunta egyesult_kiralysag
    nagy-britannia велика_британія англія sweden ruotsi svedorszag швеція germany saksa nemetorszag німеччина
    deutschland estonia viro esztorszag естонія poland puola lengyelorszag польща norway norja norvegia
    норвегія denmark tanska
    dania данія france ranska franciaorszag франція spain espanja spanyolorszag іспанія italy italia olaszorszag італія
    austria itavalta ausztria австрія slovakia szlovakia словаччина romania румунія latvia liettua lithuania usa"""
)
LANGUAGES = _set(
    """fi hu uk en sv de et pl ru sk ro cs da nb no fr es it nl lv lt en-gb en-us fi-fi hu-hu uk-ua sv-se sv-fi de-de
    fi_fi hu_hu uk_ua en_gb finnish hungarian ukrainian english swedish german russian suomi unkari ukraina englanti
    ruotsi saksa venaja finn magyar ukran angol sved nemet orosz фінська угорська українська англійська шведська
    німецька російська"""
) | {"fi fi", "hu hu", "uk ua", "en gb", "en us", "sv se"}
GENDERS = _set(
    """f m x d w female male woman man other nonbinary non-binary divers unknown nainen mies n muu muunsukupuolinen no
    ferfi egyeb ж ч жінка чоловік жіноча чоловіча інше kvinna
    mr mrs ms mx miss herr frau herra rouva neiti ur holgy чол жін чол. жін. чоловічий жіночий пан пані m. f. weiblich
    mannlich maennlich frau/herr ffi hn kvinnlig manlig annat keine_angabe naiset miehet poika tytto fiu lany boy girl
    хлопець дівчина nem_binaris muunsukup. other/x"""
) | {"nő", "no", "unspecified", "prefer not to say"}
CHOICES = _set(
    """yes no y n true false given refused withdrawn objected granted denied opt-in opt-out accepted declined kylla ei k
    e igen nem i так ні ja nej nein on off"""
)
CITIES = _set(
    """helsinki espoo tampere vantaa oulu turku jyvaskyla lahti kuopio pori joensuu lappeenranta hameenlinna vaasa
    rovaniemi seinajoki mikkeli kotka salo porvoo budapest debrecen szeged miskolc pecs gyor nyiregyhaza kecskemet
    szekesfehervar szombathely szolnok tatabanya kaposvar eger veszprem sopron zalaegerszeg bekescsaba київ харків одеса
    дніпро донецьк запоріжжя львів кривий_ріг миколаїв вінниця херсон полтава чернігів черкаси суми житомир хмельницький
    чернівці рівне івано-франківськ тернопіль луцьк ужгород kyiv kharkiv odesa dnipro lviv london birmingham manchester
    leeds glasgow liverpool sheffield edinburgh bristol cardiff leicester coventry nottingham newcastle sunderland
    brighton hull plymouth derby southampton belfast aberdeen swansea york oxford cambridge stockholm berlin"""
)
STREET_WORDS = (
    r"(?:\S*(?:katu|kuja|polku|raitti|vagen|gatan)|\S+tie|utca|utja|ut|ter|korut|koz|setany|sor|вул|вулиця|"
    r"просп|проспект|бульвар|бул|провулок|пров|площа|шосе|street|st|road|rd|avenue|ave|lane|ln|drive|close|court|crescent|"
    r"terrace|way|place|gardens|grove|hill|square|row|parade|"
    r"\S*(?:strase|str|weg|platz|allee|gasse|ring|damm|ufer|gata|gatan|vag|stigen|grand|torg)\.?|am \S+|u)"
)
