"""A worker that is really killed in the middle of an upload; `test_faults_table.py` kills it at the other points."""

from __future__ import annotations

from tests.contracts.killing import killed_and_tried_again
from tests.contracts.mortal_upload import MIDDLE


def test_a_killed_upload_goes_on_in_another_process_and_arrives_once(stand, provider, tmp_path):
    ratio = killed_and_tried_again(provider, stand, MIDDLE, tmp_path)
    assert ratio <= (stand.resends or 1.25)
