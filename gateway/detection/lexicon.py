"""What column headers say, in English, Finnish, Hungarian and Ukrainian (with common German and Swedish words).

Entries are folded (lower case, no diacritics, no separators). ``unknown`` holds headers that look like a person's data
and are not: they keep a shorter entry from speaking.
"""

# ruff: noqa: RUF001 -- Ukrainian words

from __future__ import annotations

from gateway.detection.folding import compact

_WORDS: dict[str, str] = {
    "email": """
        email e_mail mail emailaddress mailaddress emailaddr sahkoposti sposti s_posti sahkopostiosoite meili
        drotposta emailcim epost email_cim електроннапошта пошта електронна_адреса емейл імейл мейл
        електрпошта""",
    "phone": """
        phone telephone tel telno phonenumber phoneno mobile mobilephone mobileno cell cellphone msisdn fax gsm
        contactnumber puhelin puhelinnumero puhnro puh puhno matkapuhelin kannykka gsmnumero telefon
        telefonszam tel_szam telszam mobil mobiltelefon mobilszam mobilszama телефон номер_телефону тел
        мобільний моб моб_телефон телнр handynummer telefonnummer mobilnummer""",
    "iban": """
        iban bankaccount accountnumber accountno bankacct tilinumero pankkitili tilinro bankszamla bankszamlaszam
        szamlaszam рахунок банківський_рахунок номер_рахунку konto bankkonto kontonummer""",
    "card": """
        card cardnumber cardno creditcard creditcardnumber ccnumber ccnum pan debitcard korttinumero luottokortti
        maksukortti pankkikortti bankkartya kartyaszam bankkartyaszam hitelkartya картка номер_картки
        банківська_картка карта kreditkarte""",
    "ip": """
        ip ipaddress ipaddr ipv4 ipv6 clientip remoteip remoteaddr lastip loginip iposoite ipcim ip_адреса""",
    "birth_date": """
        birthdate dateofbirth dob birthday born birth bday syntymaaika syntymapaiva synt_aika syntaika syntpvm
        synt_pvm syntynyt szuletesiido szuletesidatum szulido szul_datum szul_ido szuletesnap szuldat
        szuletett дата_народження день_народження народився датанар д_н рік_народження geburtsdatum
        fodelsedatum""",
    "date": """
        date createdat created updatedat updated registered registeredon registrationdate signupdate signup timestamp
        datetime purchasedat purchasedate orderdate lastlogin lastseen joined since validfrom validto pvm
        paivamaara rekisteroity rekisterointipaiva luotu paivitetty ostopaiva tilauspaiva tilauspvm aika
        liittynyt datum datuma regisztracio regisztraciodatuma regisztralt letrehozva modositva vasarlasdatuma
        rendelesdatuma idopont дата дата_реєстрації зареєстровано створено оновлено дата_покупки
        дата_замовлення час""",
    "given_name": """
        givenname firstname forename fname first given christianname middlename etunimi etunimet kutsumanimi
        keresztnev utonev knev vezeteknevutan ім'я имя імя перше_імя по_батькові vorname fornamn""",
    "family_name": """
        familyname lastname surname lname last sname maidenname sukunimi suku vezeteknev csaladinev csaladnev vnev
        прізвище призвіще фамілія nachname efternamn""",
    "full_name": """
        name fullname customername personname contactname clientname cardholder recipientname membername displayname
        nimi kokonimi asiakasnimi asiakkaannimi yhteyshenkilo nev teljesnev ugyfelnev ugyfelneve vasarloneve
        піб пib п_і_б повне_імя повнеімя клієнт імя_клієнта прізвище_імя прізвище_та_імя namn""",
    "address": """
        address street streetaddress addr addressline addressline1 addressline2 addr1 line1 homeaddress billingaddress
        shippingaddress deliveryaddress postaladdress osoite katuosoite kotiosoite lahiosoite toimitusosoite
        laskutusosoite postiosoite cim lakcim utca utcahazszam utca_hazszam szallitasicim szamlazasicim
        postacim адреса вулиця домашня_адреса поштова_адреса адреса_доставки місце_проживання anschrift
        strasse adress gatuadress""",
    "postcode": """
        postcode postalcode zip zipcode post_code pcode postinumero postinro postno iranyitoszam irszam ir_szam індекс
        поштовий_індекс поштіндекс plz postleitzahl postnummer""",
    "city": """
        city town municipality locality homecity kaupunki kunta postitoimipaikka kotikunta paikkakunta varos telepules
        helyseg lakhely місто населений_пункт нас_пункт ort stadt stad""",
    "country": """
        country countrycode nation land residence maa maakoodi asuinmaa orszag orszagkod країна код_країни""",
    "language": """
        language lang locale preferredlanguage kieli aidinkieli asiointikieli nyelv anyanyelv мова sprak sprache""",
    "gender": """
        gender sex sukupuoli nem neme стать geschlecht kon""",
    "fi_hetu": """
        hetu henkilotunnus henkilotunn sotu sosiaaliturvatunnus personbeteckning finnishpersonalidentitycode""",
    "hu_tax_id": """
        adoazonosito adoazonositojel adoazonosito_jel adojel ado_azon adoazon""",
    "hu_taj": """
        taj tajszam taj_szam tajkartya""",
    "hu_personal_number": """
        szemelyiszam szemelyi_szam szemelyiazonosito""",
    "ua_rntrc": """
        рнокпп іпн rnokpp rntrc ipn ідентифікаційний_код ідентифікаційний_номер податковий_номер
        ідентифікаційний_номер_платника інн""",
    "gb_nino": """
        nino nationalinsurance nationalinsurancenumber ninumber ni_no""",
    "national_id": """
        nationalid nationalidnumber personalid personalidentitycode ssn socialsecurity socialsecuritynumber taxid
        taxnumber tin identitynumber idnumber personalnumber personalcode nationalidentifier passport
        passportnumber passportno idcard passi passinumero henkilollisyystodistus utlevel utlevelszam
        szemelyigazolvany паспорт номер_паспорта персональний_код personnummer steuerid""",
    "customer_number": """
        customernumber customerno custno customerid custid cust clientid clientno clientnumber memberid membernumber
        memberno userid accountid loyaltynumber loyaltycardnumber cardholderid subscriberid personid contactid
        profileid patientid asiakasnumero asiakasnro asiakastunnus asiakas_id jasennumero kayttajatunnus
        kanta_asiakasnumero asno ugyfelszam ugyfelazonosito ugyfel_id vevokod vevoszam vasarloiazonosito
        torzsszam felhasznaloazonosito номер_клієнта код_клієнта клієнт_id ід_клієнта id_клієнта
        номер_картки_лояльності kundennummer kundnummer""",
    "amount": """
        amount total totalspend price sum spend revenue value balance ordertotal cost salary income summa loppusumma
        hinta ostot ostot_eur ostoteur saldo maara_eur palkka osszeg ar vegosszeg egyenleg koltes fizetes сума
        ціна вартість витрати баланс загальна_сума betrag preis belopp""",
    "quantity": """
        quantity qty count units items pieces number_of kappaletta kpl maara lukumaara mennyiseg darab db кількість
        кільк шт anzahl antal""",
    "consent": """
        consent optin opt_in optout marketingconsent marketingoptin newsletter permission analyticschoice
        marketingpermission gdprconsent agreed suostumus markkinointilupa uutiskirje suostumus_markkinointi
        markkinointisuostumus hozzajarulas marketinghozzajarulas hirlevel feliratkozas згода
        згода_на_маркетинг згода_на_розсилку розсилка дозвіл einwilligung samtycke""",
    "free_text": """
        note notes comment comments feedback message description remark remarks freetext review opinion complaint
        palaute muistiinpano muistiinpanot kommentti kommentit viesti lisatieto lisatiedot huomautus huom
        vapaateksti megjegyzes megjegyzesek jegyzet velemeny visszajelzes uzenet hozzaszolas коментар
        коментарі примітка примітки нотатки відгук повідомлення зауваження bemerkung kommentar anteckning""",
    "hashed_identifier": """
        emailhash hashedemail md5 sha1 sha256 emailmd5 emailsha256 phonehash hash idhash""",
    "url": """
        url link website homepage webpage profileurl avatar photourl kotisivu verkkosivu weboldal honlap сайт
        посилання""",
    "unknown": """
        productname product itemname category productcategory brandname brand filename companyname company storename
        campaignname eventname segmentname tablename columnname username_type hostname domainname tuotenimi
        tuote tuoteryhma yritys yrityksennimi myymala termeknev termek termekkategoria cegnev назва_товару
        товар категорія назва_компанії компанія назва бренд ordernumber orderno orderid invoicenumber
        invoiceno sku ean tilausnumero tilausnro laskunumero rendelesszam szamlasorszam номер_замовлення
        номер_рахунку_фактури cardtype cardtier phonemodel emailcount emailtype citycount addresstype
        loyaltytier tier status datatype lastmodifiedby firstpurchase lastpurchase lastorder firstorder
        firstclick firstvisit lastvisit statusdate emailopened emailsent emailstatus mailstatus phonetype
        namelength""",
}  # fmt: skip

# Entry -> category. A later, more specific category wins over an earlier one with the same entry.
ENTRIES: dict[str, str] = {compact(word): category for category, words in _WORDS.items() for word in words.split()}

_UNSURE = ("name", "nimi", "nev", "namn", "first", "last", "клієнт", "maa", "land", "born", "card", "line1")

# Headers that speak of a person only in a table about people.
AMBIGUOUS = frozenset(compact(word) for word in _UNSURE)
