from folkmoot.networks.slack.connector import Slack

__all__ = ["Slack"]
