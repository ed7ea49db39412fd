"""Every name that exports of 2023 to 2026 are known to use, and a count of the names that are none.

The tables were collected in November 2026 from public parsers of the export, their tests and their
schemas. A name in none of them is reported as drift, with how often and where it was seen first.
Such a name is shown only if it looks like one of a format: an identifier with few digits. Of
anything else (an id, a title, a file name used as a key) only the shape is shown, since the list is
meant to be pasted into a public bug report.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


KEYS = {
    "conversation": _names(
        "async_status atlas_mode_enabled blocked_urls context_scopes "
        "context_truncation_continuation conversation_id conversation_origin "
        "conversation_template_id create_time current_node default_model_slug disabled_tool_ids "
        "gizmo_id gizmo_type id is_archived is_do_not_remember is_read_only is_starred "
        "is_study_mode is_temporary_chat mapping memory_scope messages moderation_results owner "
        "page_info pinned_time plugin_ids safe_urls sectioned_conversation sugar_item_id "
        "sugar_item_visible title update_time voice workspace_id"
    ),
    "node": _names("children id message parent"),
    "message": _names(
        "attachments author channel content create_time end_turn id metadata recipient status "
        "update_time weight"
    ),
    "author": _names("metadata name role"),
}
"""Keys of the objects that every conversation has."""

METADATA = _names(
    # what is shown, and why not
    "exclusive_key is_contextual_answers_system_message is_error is_thinking_preamble_message "
    "is_user_system_message is_visually_hidden is_visually_hidden_from_conversation "
    "rebase_developer_message "
    "rebase_system_message user_context_message_data "
    # time and model
    "default_model_slug message_locale model_adjustments model_slug requested_model_slug "
    "resolved_model_slug thinking_effort timestamp_ "
    # links between messages
    "branching_from_conversation_id branching_from_conversation_owner "
    "branching_from_conversation_title message_source message_type parent_id request_id "
    "response_message_id shared_conversation_id targeted_reply targeted_reply_label "
    "targeted_reply_source_message_id targeted_reply_source_range turn_exchange_id "
    # how an answer ended
    "finish_details is_complete is_loading_message stop_reason "
    # uploads and sources
    "_cite_metadata attachments caterpillar_selected_sources citations cloud_doc_urls "
    "content_references content_references_by_file image_results retrieval_file_index "
    "retrieval_search_sources retrieval_turn_number safe_urls search_model_queries search_queries "
    "search_result_groups search_source search_turns_count searched_display_string "
    "selected_all_github_repos selected_github_repos selected_mcp_sources selected_sources "
    "serialization_metadata "
    # code, canvas, reasoning
    "ada_visualizations aggregate_result args canvas code_blocks command jupyter_messages kwargs "
    "open_in_canvas_view writing_blocks finished_duration_sec reasoning_end_time "
    "reasoning_group_id reasoning_start_time reasoning_status reasoning_title "
    "skip_reasoning_title finished_text initial_text "
    # voice and images
    "dalle dictation dictation_asset_format dictation_asset_pointer image_gen_async "
    "image_gen_group_id image_gen_title image_send_uuid real_time_audio_has_video system_hints "
    "trigger_async_ux voice_mode_message image_gen_task_id thumbnail_sources "
    # tasks, plugins, connectors, memory
    "agent_entrypoint agent_kickoff_source async_completion_message async_task_conversation_id "
    "async_task_created_at async_task_id async_task_original_message_id async_task_prompt "
    "async_task_status_messages async_task_title async_task_type chatgpt_sdk "
    "conversation_context_citation_metadata debug_sonic_thread_id deep_research_version "
    "developer_mode_connector_ids gizmo_id has_sensitive_connector_data invoked_plugin "
    "invoked_resource is_async_task_result_message jit_plugin_data memory_percentage_used "
    "pending_memory_info suggested_connector_ids tool_invoked_message tool_invoking_message "
    "user_settings_updates inline_gizmo_id "
    # what says nothing to a person
    "can_save category_suggestions classifier_response followup_prompts pad permissions status "
    "story_events token_count augmented_paragen_prompt_label client_reported_search_source "
    "refresh_key_info sonic_classification_result"
)
"""Keys of `message.metadata`."""

METADATA_FAMILIES = re.compile(r"(?:contextual_answers|n7jupd|paragen|ui_card|venus)_?[a-z_]*")
"""Families of them, of which new ones come and go."""

_TEXT = _names("content_type parts")
_WINDOWS = _names("content_type context_parts custom_instructions workspaces")

CONTENT = {
    "app_pairing_content": _WINDOWS,
    "citable_code_output": _names("content_type metadata output_str unprocessed_output"),
    "code": _names("content_type language response_format_name text"),
    "computer_initialize_state": None,
    "computer_output": _names("computer_id content_type is_ephemeral screenshot state tether_id"),
    "developer_content": None,
    "execution_output": _names("content_type text"),
    "model_editable_context": _names(
        "content_type model_set_context repo_summary repository structured_context"
    ),
    "multimodal_text": _TEXT,
    "reasoning_recap": _names("content content_type"),
    "sonic_webpage": _names(
        "content_type crawl_date crawl_timestamp domain pub_date pub_timestamp ref_id snippet text "
        "title url"
    ),
    "super_widget": _names("content_type widgets"),
    "system_content": None,
    "system_error": _names("content_type name text"),
    "system_message": None,
    "tether_browsing_code": None,
    "tether_browsing_display": _names("assets content_type result summary tether_id"),
    "tether_quote": _names("content_type domain tether_id text title url"),
    "text": _TEXT,
    "thoughts": _names("content_type source_analysis_msg_id thoughts"),
    "user_editable_context": _names("content_type user_instructions user_profile"),
}
"""Content types, each with its keys; None if only the name was ever seen."""

_MEDIA = "asset_pointer content_type expiry_datetime metadata size_bytes"

PARTS = {
    "app_pairing_content": _WINDOWS,
    "audio_asset_pointer": _names(f"{_MEDIA} format tool_audio_direction"),
    "audio_transcription": _names("content_type decoding_id direction text"),
    "code": _names("content language type"),
    "image_asset_pointer": _names(f"{_MEDIA} fovea height width"),
    "markdown": _names("content type"),
    "real_time_user_audio_video_asset_pointer": _names(
        "audio_asset_pointer audio_start_timestamp content_type expiry_datetime "
        "frames_asset_pointers video_container_asset_pointer"
    ),
    "search_result": None,
    "text": _names("content_type text"),
    "video_asset_pointer": None,
    "video_container_asset_pointer": None,
}
"""Types of the items of `content.parts`, each with its keys; None if only the name was seen."""

REFERENCES = _names(
    "alt_text attribution businesses_map entity file grouped_webpages "
    "grouped_webpages_model_predicted_fallback hidden image_group image_inline image_v2 nav_list "
    "navigation product_entity products sources_footnote tldr video webpage webpage_extended "
    "client_defined_widget finance followup_a forecast url"
)
"""Types of the items of `metadata.content_references`."""

ROLES = _names("assistant developer function system tool user")

MEMBERS = re.compile(
    r"(?:^|/)(?:Contact Info|Financial|User Online Activity|User Profile)/[^/]*\.csv$"
    r"|(?:^|/)report\.html$"
)
"""Files of the Privacy Portal's bundle beside the export in it."""


MOST = 500
"""Different strangers that are kept; more of them are only counted."""

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,60}", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_FILE = re.compile(r"conversations(?:[-_]\d+)?\.json(?=, byte|$)")
_AT = re.compile(r"byte \d+$")
_FEW = 4
"""Digits of a name at most: `image_v2` is one, `file_7d3f09ab…` is an id."""
_STEPS = (8, 16, 32, 64)
_KINDS = {
    list: "(an array)",
    dict: "(an object)",
    str: "(a text)",
    bool: "(true or false)",
    int: "(a number)",
    float: "(a number)",
    type(None): "(nothing)",
}


class Location(NamedTuple):
    """The position of a name in an export."""

    conversation: int
    """Counted from 1 in the order of reading."""
    where: str
    """As the container has it; holds names of the user's files and folders."""

    @property
    def file(self) -> str:
        """`conversations-001.json, byte 512`: of the path only what the format itself says."""
        file, at = _FILE.findall(self.where), _AT.search(self.where)
        return ", ".join([*file[-1:], *([at[0]] if at else [])])


@dataclass(slots=True)
class Stranger:
    """A name that no table has."""

    kind: str
    """`message key`, `content type`, `side file`, …"""
    name: str
    """Its name, or in brackets the shape of it."""
    count: int = 0
    first: Location | None = None
    """None outside of conversations."""


class Drift:
    """Collects strangers. Memory is bounded by `MOST`, whatever the source holds."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Stranger] = {}
        self.others = 0
        """How often names were found for which there was no room."""

    def add(self, kind: str, name: object, count: int = 1, first: Location | None = None) -> None:
        """Count a stranger, under the name that may be shown."""
        word = shown(name)
        stranger = self._found.get((kind, word))
        if stranger is None:
            if len(self._found) >= MOST:
                self.others += count
                return
            stranger = self._found[kind, word] = Stranger(kind, word, 0, first)
        stranger.count += count
        if first and stranger.first and first.conversation < stranger.first.conversation:
            stranger.first = first

    def strangers(self) -> list[Stranger]:
        """Return all of them, by kind and name."""
        return [self._found[key] for key in sorted(self._found)]


def shown(name: object) -> str:
    """Return a name that may be in a public report, or in brackets its shape."""
    if not isinstance(name, str):
        form = name if isinstance(name, type) else type(name)
        return _KINDS.get(form, "(something else)")
    if _IDENTIFIER.fullmatch(name) and sum(map(str.isdigit, name)) <= _FEW:
        return name
    if _UUID.fullmatch(name):
        return "(a UUID)"
    if _IDENTIFIER.fullmatch(name) or name.isalnum():
        return "(a number)" if name.isdigit() else "(an id)"
    length = len(name)
    step = next((step for step in _STEPS if length <= step), None)
    return f"(a text of up to {step} characters)" if step else "(a long text)"
