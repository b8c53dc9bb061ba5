"""Widgets and pictures for the notebooks; whatever they do, the workbook does for them."""

from helpers.ui.convert_function import ConvertFunction
from helpers.ui.environment import check as check_environment
from helpers.ui.html import bars
from helpers.ui.notebook import Lesson, setup, show
from helpers.ui.picture import Picture
from helpers.ui.select_files import SelectFiles
from helpers.ui.walk_plan import WalkPlan

__all__ = [
    "ConvertFunction",
    "Lesson",
    "Picture",
    "SelectFiles",
    "WalkPlan",
    "bars",
    "check_environment",
    "setup",
    "show",
]
