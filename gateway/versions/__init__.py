"""Versions of the policy pack: each one kept as it was drafted, and which one is in force at an instant.

Takes: the texts of a pack and the steps that officers take with it; an instant.
Gives: drafts, simulated, approved by a second person, active from an instant, superseded; the version in force.
Never: edits or deletes a version or a step; reads what a pack says; puts in force what nobody approved.
"""

from gateway.versions.folders import read_folder
from gateway.versions.registry import Versions
from gateway.versions.steps import PolicyVersion, Step, Taken, VersionState

__all__ = ["PolicyVersion", "Step", "Taken", "VersionState", "Versions", "read_folder"]
