"""Take user names and passwords out of addresses before anything is printed or kept.

An address such as `postgresql://user:password@host/name` is needed to connect, and for nothing else. Whatever
shows or stores words that a person typed passes them through `without_credentials` first.
"""

import re
from urllib.parse import unquote, urlsplit

_SECRET_SETTINGS = "user|username|uid|password|passwd|pwd|sslpassword|passfile|token|odbc_connect"
_BEFORE_HOST = re.compile(r"(?<=://)(?:[^\s/@]*:\S*@|[^\s/?#]*@)")
_IN_QUERY = re.compile(rf"(?<=[?&])({_SECRET_SETTINGS})=[^&\s'\"]*", re.IGNORECASE)


def without_credentials(text: str) -> str:
    """Return `text` with the user and the password of every address in it removed.

    >>> without_credentials("tracker.uri=postgresql://me:secret@host/db k=3")
    'tracker.uri=postgresql://host/db k=3'
    >>> without_credentials("mysql+pymysql://host/db?user=me&password=secret&ssl=true")
    'mysql+pymysql://host/db?user=***&password=***&ssl=true'
    >>> without_credentials("http://127.0.0.1:5000 a@b")
    'http://127.0.0.1:5000 a@b'
    """
    return _IN_QUERY.sub(r"\1=***", _BEFORE_HOST.sub("", text))


def hide_credentials(text: str, uri: str) -> str:
    """Return `text` without the user and the password in `uri`, wherever they stand.

    >>> hide_credentials("password of 'me' is not secret", "mysql://me:secret@host/db")
    "password of '***' is not ***"
    """
    text = without_credentials(text)
    try:
        parts = urlsplit(uri)
    except ValueError:  # no address, and none that anything could connect to
        return text
    for secret in filter(None, (parts.password, parts.username)):
        for written in {secret, unquote(secret)}:
            text = re.sub(rf"(?<!\w){re.escape(written)}(?!\w)", "***", text)
    return text
