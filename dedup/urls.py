"""URLs -> what tells whether two of them name the same page."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

_SET_BY: Final = {
    "Google": "gclid gclsrc dclid gbraid wbraid gad_source gad_campaignid srsltid _ga _gl _gac usqp amp_js_v amp_gsa"
    " ga_source ga_medium ga_campaign ga_content ga_term ga_place",
    "Meta": "fbclid fb_action_ids fb_action_types fb_comment_id fb_ref fb_source action_object_map action_ref_map"
    " action_type_map igsh igshid",
    "Microsoft": "msclkid",
    "X, TikTok, LinkedIn, Pinterest, Reddit, Snapchat": "twclid __twitter_impression ttclid li_fat_id epik rdt_cid sccid",
    "Yandex": "yclid ysclid ymclid _openstat",
    "Yahoo": "guccounter guce_referrer guce_referrer_sig soc_src soc_trk",
    "Adobe": "s_cid s_kwcid ef_id",
    "AT Internet": "xtor at_medium at_campaign at_campaign_type at_creation at_variant at_network at_platform at_format"
    " at_custom1 at_custom2 at_custom3 at_custom4 at_recipient_id at_recipient_list at_link_id at_link_origin"
    " at_link_type at_bbc_team at_ptr_name",
    "Comscore": "ns_campaign ns_fee ns_linkname ns_mchannel ns_source",
    "Coremetrics": "cm_mmc cm_me cm_cr",
    "Mapp": "wt_mc wt_zmc",
    "Webtrends": "wt.mc_id wt.mc_ev",
    "Matomo": "mtm_campaign mtm_cid mtm_content mtm_group mtm_keyword mtm_kwd mtm_medium mtm_placement mtm_source"
    " pk_campaign pk_cid pk_content pk_keyword pk_kwd pk_medium pk_source pk_vid piwik_campaign piwik_keyword piwik_kwd",
    "Parse.ly": "itm_source itm_medium itm_campaign itm_content itm_term",
    "DPG Media": "dpg_source dpg_campaign dpg_medium dpg_content",
    "Piano": "cx_click cx_recsorder cx_recswidget",
    "Echobox": "echobox",
    "IO Technologies": "__io_lv _io_session_id",
    "Outbrain, Taboola": "dicbo tblci",
    "Branch": "_branch_match_id _branch_referrer",
    "HubSpot": "_hsenc _hsmi __hsfp __hssc __hstc hsctatracking hsa_acc hsa_ad hsa_cam hsa_grp hsa_kw hsa_la hsa_mt"
    " hsa_net hsa_ol hsa_src hsa_tgt hsa_ver",
    "Mailchimp": "mc_cid mc_eid mc_tc",
    "Other senders of mail": "_bhlid _bta_c _bta_tid _ke _kx bsft_aaid bsft_clkid bsft_eid bsft_ek bsft_mid bsft_uid"
    " ck_subscriber_id dm_i elqtrackid elqaid elqat elqak elqcampaignid et_rid mindbox-click-id mindbox-message-key"
    " mkt_tok ml_subscriber ml_subscriber_hash oly_anon_id oly_enc_id rb_clickid spjobid spmailingid spreportid spuserid"
    " ss_email_id trk_contact trk_module trk_msg trk_sid vero_conv vero_id vgo_ee",
    "Affiliate networks": "cmpid irclickid irgwc tduid unicorn_click_id wickedid",
}

TRACKING: Final = frozenset(name for names in _SET_BY.values() for name in names.split())
"""Parameters, in lower case, that say how a reader came to a page and never which page it is; besides all of `utm_`.

Each stands in a list by which browsers, blockers or caches drop parameters on every site (Firefox, Brave, AdGuard,
ClearURLs, tracking-query-params-registry), or in the documentation of the service that sets it. Names that some sites use
for content are not here, whatever those lists say: `ref`, `source`, `id`, `cid`, `share`, `spm`, `__s`.
"""

_AMP: Final = frozenset({"amp", "amp=", "amp=1", "amp=true", "outputtype=amp"})
"""Whole parameters, in lower case, that ask for the AMP form of a page; `amp=16` may be a fuse."""

_PLAIN: Final = re.compile(r"https?://[a-z0-9-]+(?:\.[a-z0-9-]+)+(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+/?")
"""URLs that are in w3lib's canonical form as they are; it would take most of the time to find that out."""

_PAGE: Final = re.compile(
    r"https?://([^/?#@]*@)?"
    r"(?:(?:www|m|amp)\.(?=[^./:]+\.[^./:]))*(\[[0-9a-f:.]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)\.?"
    r"(?::([0-9]{0,5}))?"
    r"(/[^?#]*)(?:\?([^#]*))?(#.*)?"
)
"""User, host, port, path, query and fragment of a canonical URL."""

_AMP_END: Final = re.compile(r"(?<![/.]amp)(?<!\.amp\.htm)(?<!\.amp\.html)[/.]amp\Z|(?<![/.]amp)\.amp(?=\.html?\Z)")
_ARTICLE_NAME: Final = re.compile("[0-9-]")
_NO_ARTICLE: Final = re.compile(r"https://[^/]*/(?:index\.(?:html?|php))?")


def normal_url(url: str) -> str:
    """One form for all URLs that name the same page on the web; the URL itself when it cannot be read as one.

    w3lib's canonical form, with these taken for equal as well: http and https; the host with and without `www.`; the path
    with and without a slash at its end; the URL with and without parameters of TRACKING. No other parameter is dropped.

    So are the forms for phones, as publishers derive them from the page by rule: the hosts `m.` and `amp.`, a path that
    ends in `/amp`, `.amp` or `.amp.html`, and `amp=1`. The path must then name something with a digit or a hyphen in it, as
    articles do: `/tags/amp` is a page of its own. A host `mobile.` is, too: it may be a desk with articles numbered by
    itself. A fragment is part of the form only when it holds a path (`#!/story/5`).

    >>> normal_url("http://www.Example.org/story-5/?utm_source=feed&page=2#comments")
    'https://example.org/story-5?page=2'
    >>> normal_url("https://amp.example.org/story-5/amp?id=5"), normal_url("javascript:void(0)")
    ('https://example.org/story-5?id=5', 'javascript:void(0)')
    """
    return _normal(url) or url


def page(url: str | None) -> str | None:
    """The normal form of a URL that may name an article: None for a home page, and for what is no URL of the web.

    >>> page("https://www.example.org/story-5/"), page("https://www.example.org/"), page("https://example.org/?p=5")
    ('https://example.org/story-5', None, 'https://example.org/?p=5')
    """
    normal = _normal(url) if url else None
    return None if normal is None or _NO_ARTICLE.fullmatch(normal) else normal


def same_page(a: str | None, b: str | None) -> bool:
    """Whether both are known and name one page of a site other than its home page.

    >>> same_page("http://m.example.org/story-5", "https://www.example.org/story-5?fbclid=x")
    True
    >>> same_page("https://example.org/", "https://example.org/"), same_page(None, None)
    (False, False)
    """
    known = page(a)
    return known is not None and known == page(b)


def host(url: str | None) -> str | None:
    """The host name of a URL without a leading `www.`; None when there is none.

    >>> host("https://www.Example.org:8080/a"), host("not a url")
    ('example.org', None)
    """
    if url is None:
        return None
    try:
        name = urlsplit(url).hostname
    except ValueError:
        return None
    return name.removeprefix("www.") if name else None


def _normal(url: str) -> str | None:
    head, _, fragment = url.partition("#")
    head, mark, query = head.partition("?")
    if mark:
        # `&amp;` is left over from HTML. Parameters go before sorting, which is dear, and after it, when names are decoded.
        head += "?" + _without_tracking(query.replace("&amp;", "&"))
    if fragment.startswith(("!", "/")) and fragment.strip("!/"):
        head += "#" + fragment
    try:
        found = _PAGE.fullmatch(head if _PLAIN.fullmatch(head) else _canonical(head))
    except ValueError:
        return None
    if found is None:
        return None
    user, name, port, path, query, fragment = found.groups(default="")
    if port and int(port) > 65535:
        return None
    if port in ("80", "443"):
        port = ""
    shorter = path.rstrip("/;")
    if "amp" in shorter:
        shorter = _without_amp(shorter)
    query = _without_tracking(query)
    form = f"https://{user}{name}{port and ':' + port}{shorter or '/'}{query and '?' + query}{fragment}"
    # What follows a semicolon is quoted in another way when it ends the path.
    return _normal(form) if ";" in shorter and shorter != path else form


def _canonical(url: str) -> str:
    from w3lib.url import canonicalize_url

    return canonicalize_url(url, keep_fragments=True)


def _without_amp(path: str) -> str:
    shorter = _AMP_END.sub("", path)
    named = _ARTICLE_NAME.search(shorter.rpartition("/")[2]) and not shorter.endswith(";")
    return shorter if named else path


def _without_tracking(query: str) -> str:
    if not query:
        return query
    kept = []
    for part in query.split("&"):
        low = part.lower()
        name = low.partition("=")[0]
        if not (name.startswith("utm_") or name in TRACKING or low in _AMP):
            kept.append(part)
    return "&".join(kept)
