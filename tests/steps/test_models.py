"""A recommender's settings tell which it is, and nothing else is needed to make it again."""

import pytest

from cxspark.contracts.errors import ContractError
from cxspark.factorization.als_recommender import AlsRecommender
from cxspark.factorization.blend import Blend
from cxspark.factorization.ease import Ease
from cxspark.factorization.item_knn import ItemKnn
from cxspark.factorization.scoring import PersonalRecommender
from cxspark.steps.models import blend_of


@pytest.mark.parametrize(
    "personal", [Ease(30.0, (50.0,)), ItemKnn(None, 20, (10.0,)), AlsRecommender(14.0, 8)]
)
def test_a_blend_is_made_again_from_its_settings(personal: PersonalRecommender) -> None:
    blend = Blend(personal, (7.0,), (), (0.4,))
    assert blend_of(blend.settings()) == blend


def test_settings_of_no_model_are_refused() -> None:
    told = Blend(Ease(None, (50.0,))).settings().replace('"ease"', '"slim"')
    with pytest.raises(ContractError, match="a blend's settings"):
        blend_of(told)
