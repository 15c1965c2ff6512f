import pickle

from winnow.command.remembering import Remembering


def test_what_is_sent_to_another_process_does_not_grow_with_what_is_known():
    composed = Remembering(str.join)
    before = len(pickle.dumps(composed))
    assert [composed("-", ["a", "b"]), composed("-", ["c"])] == ["a-b", "c"]
    assert len(pickle.dumps(composed)) == before
    assert pickle.loads(pickle.dumps(composed))("-", ["a", "b"]) == "a-b"
