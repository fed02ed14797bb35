"""Names of countries as publishers write them in English, and their ISO 3166-1 alpha-2 codes."""

from __future__ import annotations

import unicodedata

from keepers.compliance.countries import NUMERIC

_TABLE = """
    AD: Andorra | AE: United Arab Emirates, UAE | AF: Afghanistan | AG: Antigua and Barbuda | AI: Anguilla
    AL: Albania | AM: Armenia | AO: Angola | AQ: Antarctica | AR: Argentina | AS: American Samoa | AT: Austria
    AU: Australia | AW: Aruba | AX: Aland Islands | AZ: Azerbaijan | BA: Bosnia and Herzegovina, Bosnia-Herzegovina
    BB: Barbados | BD: Bangladesh | BE: Belgium | BF: Burkina Faso | BG: Bulgaria | BH: Bahrain | BI: Burundi
    BJ: Benin | BL: Saint Barthelemy | BM: Bermuda | BN: Brunei, Brunei Darussalam
    BO: Bolivia, Bolivia (Plurinational State of) | BQ: Bonaire Sint Eustatius and Saba | BR: Brazil
    BS: Bahamas, Bahamas The | BT: Bhutan | BV: Bouvet Island | BW: Botswana | BY: Belarus | BZ: Belize | CA: Canada
    CC: Cocos (Keeling) Islands | CD: Democratic Republic of the Congo, Congo Democratic Republic of the,
    Congo (Democratic Republic), DR Congo, DRC, Congo-Kinshasa | CF: Central African Republic
    CG: Congo, Republic of the Congo, Congo Republic of the, Congo-Brazzaville | CH: Switzerland
    CI: Cote d'Ivoire, Ivory Coast, Cote d Ivoire | CK: Cook Islands | CL: Chile | CM: Cameroon
    CN: China, People's Republic of China, China People's Republic of, China Mainland | CO: Colombia
    CR: Costa Rica | CU: Cuba | CV: Cabo Verde, Cape Verde | CW: Curacao | CX: Christmas Island | CY: Cyprus
    CZ: Czech Republic, Czechia | DE: Germany | DJ: Djibouti | DK: Denmark | DM: Dominica | DO: Dominican Republic
    DZ: Algeria | EC: Ecuador | EE: Estonia | EG: Egypt | EH: Western Sahara | ER: Eritrea | ES: Spain | ET: Ethiopia
    FI: Finland | FJ: Fiji | FK: Falkland Islands, Falkland Islands (Malvinas)
    FM: Micronesia, Micronesia (Federated States of), Federated States of Micronesia | FO: Faroe Islands | FR: France
    GA: Gabon | GB: United Kingdom, United Kingdom of Great Britain and Northern Ireland, Great Britain, UK, England,
    Scotland, Wales, Northern Ireland | GD: Grenada | GE: Georgia | GF: French Guiana | GG: Guernsey | GH: Ghana
    GI: Gibraltar | GL: Greenland | GM: Gambia, Gambia The | GN: Guinea | GP: Guadeloupe | GQ: Equatorial Guinea
    GR: Greece | GS: South Georgia and the South Sandwich Islands | GT: Guatemala | GU: Guam | GW: Guinea-Bissau
    GY: Guyana | HK: Hong Kong, China Hong Kong Special Administrative Region, Hong Kong SAR, Hong Kong China
    HM: Heard Island and McDonald Islands | HN: Honduras | HR: Croatia | HT: Haiti | HU: Hungary | ID: Indonesia
    IE: Ireland, Republic of Ireland | IL: Israel | IM: Isle of Man | IN: India | IO: British Indian Ocean Territory
    IQ: Iraq | IR: Iran, Iran (Islamic Republic of), Islamic Republic of Iran | IS: Iceland | IT: Italy | JE: Jersey
    JM: Jamaica | JO: Jordan | JP: Japan | KE: Kenya | KG: Kyrgyzstan, Kyrgyz Republic | KH: Cambodia | KI: Kiribati
    KM: Comoros | KN: Saint Kitts and Nevis, St Kitts and Nevis
    KP: Korea North, North Korea, Democratic People's Republic of Korea, DPRK, Korea Democratic People's Republic of
    KR: Korea South, South Korea, Republic of Korea, Korea Republic of | KW: Kuwait | KY: Cayman Islands
    KZ: Kazakhstan | LA: Laos, Lao People's Democratic Republic | LB: Lebanon | LC: Saint Lucia, St Lucia
    LI: Liechtenstein | LK: Sri Lanka | LR: Liberia | LS: Lesotho | LT: Lithuania | LU: Luxembourg | LV: Latvia
    LY: Libya, Libyan Arab Jamahiriya | MA: Morocco | MC: Monaco | MD: Moldova, Republic of Moldova,
    Moldova Republic of | ME: Montenegro | MF: Saint Martin, Saint Martin (French part) | MG: Madagascar
    MH: Marshall Islands | MK: North Macedonia, Macedonia, North Macedonia The Republic of,
    Macedonia The Former Yugoslav Republic of, The former Yugoslav Republic of Macedonia | ML: Mali
    MM: Burma, Myanmar, Myanmar (Burma), Burma (Myanmar) | MN: Mongolia
    MO: Macau, Macao, China Macao Special Administrative Region | MP: Northern Mariana Islands | MQ: Martinique
    MR: Mauritania | MS: Montserrat | MT: Malta | MU: Mauritius | MV: Maldives | MW: Malawi | MX: Mexico
    MY: Malaysia | MZ: Mozambique | NA: Namibia | NC: New Caledonia | NE: Niger | NF: Norfolk Island | NG: Nigeria
    NI: Nicaragua | NL: Netherlands, Netherlands (Kingdom of the), Holland | NO: Norway | NP: Nepal | NR: Nauru
    NU: Niue | NZ: New Zealand | OM: Oman | PA: Panama | PE: Peru | PF: French Polynesia | PG: Papua New Guinea
    PH: Philippines | PK: Pakistan | PL: Poland | PM: Saint Pierre and Miquelon | PN: Pitcairn | PR: Puerto Rico
    PS: Palestine, State of Palestine, Palestinian, Palestinian Territory, West Bank, Gaza, Region Gaza,
    Occupied Palestinian Territories, Palestinian Authority, Gaza Strip, Palestinian Territory Occupied
    PT: Portugal | PW: Palau | PY: Paraguay | QA: Qatar | RE: Reunion | RO: Romania | RS: Serbia
    RU: Russia, Russian Federation | RW: Rwanda | SA: Saudi Arabia | SB: Solomon Islands | SC: Seychelles
    SD: Sudan, Sudan The, Republic of the Sudan | SE: Sweden | SG: Singapore | SH: Saint Helena | SI: Slovenia
    SJ: Svalbard and Jan Mayen | SK: Slovakia, Slovak Republic | SL: Sierra Leone | SM: San Marino | SN: Senegal
    SO: Somalia | SR: Suriname | SS: South Sudan | ST: Sao Tome and Principe | SV: El Salvador | SX: Sint Maarten
    SY: Syria, Syrian Arab Republic | SZ: Eswatini, Swaziland | TC: Turks and Caicos Islands, Turks and Caicos
    TD: Chad | TF: French Southern Territories | TG: Togo | TH: Thailand | TJ: Tajikistan | TK: Tokelau
    TL: Timor-Leste, East Timor | TM: Turkmenistan | TN: Tunisia | TO: Tonga | TR: Turkey, Turkiye
    TT: Trinidad and Tobago | TV: Tuvalu | TW: Taiwan, Taiwan Province of China
    TZ: Tanzania, United Republic of Tanzania, Tanzania United Republic of | UA: Ukraine | UG: Uganda
    UM: United States Minor Outlying Islands | US: United States, United States of America, USA, US | UY: Uruguay
    UZ: Uzbekistan | VA: Holy See, Vatican City | VC: Saint Vincent and the Grenadines, St Vincent
    VE: Venezuela, Venezuela (Bolivarian Republic of) | VG: Virgin Islands British, British Virgin Islands
    VI: Virgin Islands US, US Virgin Islands, Virgin Islands (US) | VN: Vietnam, Viet Nam
    VU: Vanuatu | WF: Wallis and Futuna | WS: Samoa | YE: Yemen | YT: Mayotte | ZA: South Africa | ZM: Zambia
    ZW: Zimbabwe
"""
"""Code, and the names that lists use, without the commas that are inside some of them."""


def _key(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    letters = "".join(letter if letter.isalnum() else " " for letter in plain.lower().replace("'", ""))
    return " ".join(word for word in letters.split() if word not in ("the", "of"))


def _names() -> dict[str, str]:
    found: dict[str, str] = {}
    for row in _TABLE.replace("|", "\n").replace(",\n", ",").splitlines():
        code, _, names = row.strip().partition(":")
        for name in names.split(","):
            if name.strip():
                found[_key(name)] = code
    return found


_NAMES = _names()


def code_of(name: str) -> str | None:
    """Returns the alpha-2 code of a country by its English name or by the code itself, or None if it is not known."""
    text = name.strip().rstrip(".")
    if text in NUMERIC:
        return text  # In capital letters only: "na" is no Namibia.
    for doubt in ("possibly ", "likely "):
        text = text.removeprefix(doubt)
    return _NAMES.get(_key(text))
