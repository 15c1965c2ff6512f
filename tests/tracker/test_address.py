import pytest
from hypothesis import given
from hypothesis import strategies as st

from winnow.errors import InvalidValue, TryLater
from winnow.store.credentials import hide_credentials, without_credentials
from winnow.tracker.mlflow import MLflow


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("http://", "must name a host"),
        ("https://:5000", "must name a host"),
        ("http://host:port", "its port is no number"),
        ("http://host:70000", "its port is no number"),
        ("http://[::1", "its host cannot be read"),
        ("http://my host", "must not hold blanks"),
        ("nonsense", "must begin with"),
        ("ftp://host", "must begin with"),
        ("file:///mlruns", "must begin with"),
        ("sqlite://mlflow.db", "must begin with"),
        ("sqlite:///", "must name a database file"),
        ("sqlite:///:memory:", "must name a database file"),
        ("sqlite:////folder/", "must name a database file"),
        ("sqlite:///file:name", "must name a database file"),
        ("sqlite:////folder/mlflow.db?timeout=1", "without settings behind a"),
    ],
)
def test_what_can_be_no_address_is_refused_in_one_line(tmp_path, uri, words):
    with pytest.raises(InvalidValue, match=words) as caught:
        MLflow(uri=uri).open(tmp_path)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("uri", ["postgresql://me:secret@host/db", "mysql+pymysql://me:secret@host/db"])
def test_a_database_without_its_driver_is_refused_with_what_to_install(tmp_path, uri):
    with pytest.raises(InvalidValue, match="whose driver is installed") as caught:
        MLflow(uri=uri).open(tmp_path).check()
    assert caught.value.remedy in ("pip install psycopg[binary]", "pip install pymysql")
    assert "secret" not in str(caught.value)


def test_a_server_that_is_down_is_noticed_before_any_work(tmp_path):
    with pytest.raises(TryLater, match="tracking store unreachable"):
        MLflow(uri="http://me:secret@127.0.0.1:9").open(tmp_path).check()


@pytest.mark.parametrize(
    "fault",
    [
        "API request to http://me:s3cr%40t@host/api failed",
        "password authentication failed for user 'me', password s3cr@t",
        "(psycopg2.OperationalError) me:s3cr%40t",
    ],
)
def test_a_fault_shows_neither_user_nor_password(tmp_path, fault):
    store = MLflow(uri="http://me:s3cr%40t@host").open(tmp_path)
    with pytest.raises((TryLater, InvalidValue)) as caught, store.destination.reaching():
        raise ConnectionError(fault)
    assert not {"me", "s3cr", "s3cr%40t", "s3cr@t"} & set(str(caught.value).replace("'", " ").split())
    assert "s3cr" not in str(caught.value)
    assert caught.value.where == "http://host"


def test_a_tracker_prints_itself_without_its_address():
    assert "secret" not in repr(MLflow(uri="http://me:secret@host"))


UNRESERVED = st.text(st.sampled_from("abcXYZ019-._~%!$&'()*+,;="), min_size=1, max_size=20)


@given(user=UNRESERVED, password=UNRESERVED, scheme=st.sampled_from(["http", "postgresql+psycopg2"]))
def test_no_user_and_no_password_outlives_the_mask(user, password, scheme):
    uri = f"{scheme}://{user}:{password}@host:5000/db"
    assert without_credentials(uri) == f"{scheme}://host:5000/db"
    assert without_credentials(f"tracker.uri={uri} k=3") == f"tracker.uri={scheme}://host:5000/db k=3"


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("http://token@host/x", "http://host/x"),
        ("http://me:a/b@c@host/x", "http://host/x"),
        ("http://:secret@host", "http://host"),
        ("http://host:5000/a", "http://host:5000/a"),
        ("mssql+pyodbc:///?odbc_connect=PWD%3Dsecret", "mssql+pyodbc:///?odbc_connect=***"),
        (
            "postgresql://host/db?sslmode=require&password=secret",
            "postgresql://host/db?sslmode=require&password=***",
        ),
        ("sqlite:////home/a@b/mlflow.db", "sqlite:////home/a@b/mlflow.db"),
    ],
)
def test_the_mask_leaves_the_rest_of_an_address(uri, shown):
    assert without_credentials(uri) == shown


def test_a_word_that_only_holds_the_user_is_left_alone():
    assert hide_credentials("some message for me", "http://me:x@host") == "some message for ***"
