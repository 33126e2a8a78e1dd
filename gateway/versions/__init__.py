"""Versions of the policy pack, which one is in force at an instant, and what waits for a second person.

Takes: the texts of a pack and the steps that officers take with it; an instant; proposals to open something else.
Gives: drafts, simulated, approved by a second person, active from an instant, superseded; the version in force.
Never: edits or deletes a version, a step or a proposal; reads what they say; puts in force what nobody approved.
"""

from gateway.versions.folders import read_folder
from gateway.versions.proposals import Proposals
from gateway.versions.registry import Versions
from gateway.versions.steps import PolicyVersion, Step, Taken, VersionState

__all__ = ["PolicyVersion", "Proposals", "Step", "Taken", "VersionState", "Versions", "read_folder"]
